import { FakeHypervisor } from "./fake-hypervisor.ts";

/** The program of the tests. */
export const ARGS = { memory: "1003MiB", maxMemory: "8GiB", hotplug: { awaitGuest: false } };
export const MAC = "52:54:00:00:00:01";

const diskXml = (type: string, source: string) =>
  `<disk type='${type}' device='disk'><source ${source}/><target dev='vda' bus='virtio'/></disk>`;

/** A host with the image and the pool of the programs. */
export function hostWithImages(): FakeHypervisor {
  const host = new FakeHypervisor();
  host.addImage("/pools/p/a");
  host.addPool("p", "/pools/p");
  return host;
}

/** What another domain has, as XML, and the argument that asks for the same. */
export const CLAIMS = {
  "a file": {
    xml: diskXml("file", "file='/images/a.qcow2'"),
    args: { disks: [{ file: "/images/b.qcow2" }, { file: "/images/a.qcow2" }] },
    refusal: /disks\[1\]\.file: "\/images\/a\.qcow2" is already a disk of domain other/,
  },
  "a file in another spelling": {
    xml: diskXml("file", "file='/images/a.qcow2'"),
    args: { disks: [{ file: "/images//./a.qcow2" }] },
    refusal: /disks\[0\]\.file: "\/images\/a\.qcow2" is already a disk of domain other/,
  },
  "a block device": {
    xml: diskXml("block", "dev='/dev/vg/a'"),
    args: { disks: [{ block: "/dev/vg/a" }] },
    refusal: /disks\[0\]\.block: "\/dev\/vg\/a" is already a disk of domain other/,
  },
  "a volume": {
    xml: diskXml("volume", "pool='p' volume='a'"),
    args: { disks: [{ pool: "p", volume: "a", format: "qcow2" }] },
    refusal: /disks\[0\]\.volume: "p\/a" is already a disk of domain other/,
  },
  "the file of a volume": {
    xml: diskXml("volume", "pool='p' volume='a'"),
    args: { disks: [{ file: "/pools/p/a" }] },
    refusal: /disks\[0\]\.file: "\/pools\/p\/a" is already a disk of domain other/,
  },
  "the volume of a file": {
    xml: diskXml("file", "file='/pools/p/a'"),
    args: { disks: [{ pool: "p", volume: "a" }] },
    refusal: /disks\[0\]\.volume: "p\/a" is already a disk of domain other/,
  },
  "a MAC": {
    xml: `<interface type='user'><mac address='${MAC.toUpperCase()}'/></interface>`,
    args: { interfaces: [{ user: true }, { user: true, mac: MAC }] },
    refusal:
      /interfaces\[1\]\.mac: the MAC address 52:54:00:00:00:01 already belongs to an interface of domain other/,
  },
};

export const other = (devices: string, metadata = "") =>
  `<domain type='qemu'><name>other</name><uuid>22222222-2222-2222-2222-222222222222</uuid>${metadata}<memory>1</memory><os><type arch='x86_64'>hvm</type></os><devices>${devices}</devices></domain>`;

/** Where the other domain has it. */
export const PLACES: Record<string, (host: FakeHypervisor, devices: string) => void> = {
  "while it is off": (host, devices) => addOther(host, { inactive: other(devices) }),
  "while it runs": (host, devices) => addOther(host, { inactive: other(""), live: other(devices) }),
  "at its next boot": (host, devices) => addOther(host, { inactive: other(devices), live: other("") }),
  "without a definition": (host, devices) => addOther(host, { live: other(devices) }),
};

/** Adds the domain "other" to the host. */
export function addOther(host: FakeHypervisor, xmls: { inactive?: string; live?: string }) {
  const uuid = "22222222-2222-2222-2222-222222222222";
  const power = xmls.live === undefined ? ("shutoff" as const) : ("running" as const);
  host.domains.set(uuid, { name: "other", uuid, power, autostart: false, id: 7, ...xmls });
}

/** A disk of the other domain, with other elements of it. */
export const DISK = (also: string) =>
  `<disk type='file' device='disk'><source file='/images/a.qcow2'/><target dev='vda' bus='virtio'/>${also}</disk>`;

const CHANGES = ["define", "attachDevice", "createVolume", "setMemory", "start"];

/** The calls that have changed something on the host. */
export const changes = (fake: FakeHypervisor) => fake.calls.filter((call) => CHANGES.includes(call));
