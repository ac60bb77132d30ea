import { MAX_BOOT_ORDER, MAX_WAIT_FOR_ADDRESS } from "./limits.ts";
import { diskSize, flag, integer, oneOf, path, pattern, shape } from "./schema.ts";
import { UNKNOWN } from "./unknown.ts";

/** It becomes part of the device's alias, for which libvirt allows letters, digits, - and _; our own begin with _. */
const deviceName = pattern(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/,
  "must be 1 to 32 letters, digits, - and _, starting with a letter or a digit",
);

/** libvirt's names of pools and volumes are file names. */
const storageName = pattern(/^[^/\p{Cc}]{1,255}$/u, "must be a name of 1 to 255 characters without a slash");

const NO_SOURCE = {
  path: ["file"],
  message: 'is required, or block, or pool and volume, unless device is "cdrom": a drive may be empty',
};
const NO_POOL = { path: ["pool"], message: "is required with volume" };
const NO_VOLUME = { path: ["volume"], message: "is required with pool" };

/** That there are two sources is failure enough. */
const isOther = ({ file, block }: { file?: unknown; block?: unknown }) => (file ?? block) !== undefined;

/** The form of an entry of `disks`. */
export const disk = shape("a disk", {
  name: deviceName.optional(),
  file: path.optional(),
  block: path.optional(),
  pool: storageName.optional(),
  volume: storageName.optional(),
  format: oneOf("qcow2", "raw").optional(),
  bus: oneOf("virtio", "scsi", "sata", "ide", "usb").optional(),
  device: oneOf("disk", "cdrom").optional(),
  readOnly: flag.optional(),
  cache: oneOf("none", "writeback", "writethrough", "directsync", "unsafe").optional(),
  discard: oneOf("unmap", "ignore").optional(),
  // QEMU cuts the serial number of a virtio disk after 20 characters (VIRTIO_BLK_ID_BYTES).
  serial: pattern(/^[A-Za-z0-9_.+-]{1,20}$/, "must be 1 to 20 letters, digits and _ . + -").optional(),
  bootOrder: integer(1, MAX_BOOT_ORDER).optional(),
  size: diskSize.optional(),
  onDelete: oneOf("delete", "keep").optional(),
})
  .refine(({ file, block, pool, volume, device }) => {
    const isNamed = [file, block, pool, volume].some((one) => one !== undefined);
    return isNamed || device === "cdrom" || device === UNKNOWN;
  }, NO_SOURCE)
  .refine(({ file, block, pool, volume }) => {
    const sources = [file, block, pool ?? volume].filter((one) => one !== undefined);
    return sources.length < 2;
  }, "must set only one of file, block, and pool with volume")
  .refine(
    ({ pool, volume, ...others }) => volume === undefined || pool !== undefined || isOther(others),
    NO_POOL,
  )
  .refine(
    ({ pool, volume, ...others }) => pool === undefined || volume !== undefined || isOther(others),
    NO_VOLUME,
  )
  .refine(({ block, size }) => block === undefined || size === undefined, {
    path: ["size"],
    message: "can't be set for a block device, which has its own size",
  })
  .refine(({ size, readOnly, device }) => size === undefined || !(readOnly === true || device === "cdrom"), {
    path: ["size"],
    message: "can't be set for a disk that is only read",
  });

const linkName = pattern(/^[A-Za-z0-9_.:-]{1,64}$/, "must be 1 to 64 letters, digits and _ . : -");

/** The form of an entry of `interfaces`. */
export const networkInterface = shape("an interface", {
  name: deviceName.optional(),
  network: linkName.optional(),
  bridge: linkName.optional(),
  user: flag.optional(),
  model: pattern(/^[A-Za-z0-9_-]{1,32}$/, 'must be a model such as "virtio" or "e1000e"').optional(),
  // libvirt prints it in lower case.
  mac: pattern(
    /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i,
    'must be a unicast MAC address such as "52:54:00:12:34:56"',
  )
    .transform((mac) => mac.toLowerCase())
    .optional(),
  link: oneOf("up", "down").optional(),
  waitForAddress: integer(1, MAX_WAIT_FOR_ADDRESS, "seconds").optional(),
}).refine(({ network, bridge, user }) => {
  const sources = [network, bridge, user === false ? undefined : user].filter((one) => one !== undefined);
  const known = sources.filter((one) => one !== UNKNOWN);
  return known.length === 1 || (known.length === 0 && sources.length > 0);
}, "must set exactly one of network, bridge and user: true");
