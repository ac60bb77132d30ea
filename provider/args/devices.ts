import { MAX_BOOT_ORDER, MAX_WAIT_FOR_ADDRESS } from "./limits.ts";
import { flag, integer, oneOf, path, pattern, shape } from "./schema.ts";
import { UNKNOWN } from "./unknown.ts";

/** It becomes part of the device's alias, for which libvirt allows letters, digits, - and _; our own begin with _. */
const deviceName = pattern(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/,
  "must be 1 to 32 letters, digits, - and _, starting with a letter or a digit",
);

/** The form of an entry of `disks`. */
export const disk = shape({
  name: deviceName.optional(),
  file: path.optional(),
  format: oneOf("qcow2", "raw").optional(),
  bus: oneOf("virtio", "scsi", "sata", "ide", "usb").optional(),
  device: oneOf("disk", "cdrom").optional(),
  readOnly: flag.optional(),
  cache: oneOf("none", "writeback", "writethrough", "directsync", "unsafe").optional(),
  discard: oneOf("unmap", "ignore").optional(),
  // QEMU cuts the serial number of a virtio disk after 20 characters (VIRTIO_BLK_ID_BYTES).
  serial: pattern(/^[A-Za-z0-9_.+-]{1,20}$/, "must be 1 to 20 letters, digits and _ . + -").optional(),
  bootOrder: integer(1, MAX_BOOT_ORDER).optional(),
}).refine(({ file, device }) => file !== undefined || device === "cdrom" || device === UNKNOWN, {
  path: ["file"],
  message: 'is required, unless device is "cdrom": a drive may be empty',
});

const linkName = pattern(/^[A-Za-z0-9_.:-]{1,64}$/, "must be 1 to 64 letters, digits and _ . : -");

/** The form of an entry of `interfaces`. */
export const networkInterface = shape({
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
