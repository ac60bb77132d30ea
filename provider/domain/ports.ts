import { isConventionalCard } from "./interfaces.ts";
import { parseDomain } from "./parse.ts";
import { attribute, children, element, find, insertAll, type SharedElement, serialise } from "./tree.ts";

/** Controllers that take one device, into slot 0 of their bus. */
const SINGLE: ReadonlySet<string> = new Set(["pcie-root-port", "pcie-switch-downstream-port"]);

/** Controllers whose bus has conventional slots, of which slot 0 isn't for devices. */
const CONVENTIONAL: ReadonlySet<string> = new Set(["pci-root", "pci-bridge"]);

const CONVENTIONAL_SLOTS = 31;

/** The PCI controllers of a domain by their model, with their index. */
function pciControllers(domain: SharedElement): { model: string; index: number }[] {
  return children(find(domain, "devices"), "controller").flatMap((one) =>
    attribute(one, "type") === "pci"
      ? [{ model: attribute(one, "model") ?? "", index: Number(attribute(one, "index") ?? -1) }]
      : [],
  );
}

/**
 * The ports or slots into which a PCI device can be plugged while the domain runs: empty root ports where devices are plugged into
 * those, else the free slots of its buses.
 */
export function freePorts(domain: SharedElement): number {
  if (hasRootPorts(domain)) return Math.max(0, freeRootPorts(domain));
  const taken = takenSlots(domain);
  const buses = pciControllers(domain).filter(({ model }) => CONVENTIONAL.has(model));
  return buses.reduce((sum, { index }) => sum + CONVENTIONAL_SLOTS - (taken.get(index)?.size ?? 0), 0);
}

/** Less than 0 where libvirt has to add some for the devices that it places. */
function freeRootPorts(domain: SharedElement): number {
  const taken = takenSlots(domain);
  const ports = pciControllers(domain).filter(({ model }) => SINGLE.has(model));
  return ports.filter(({ index }) => !taken.has(index)).length - devicesToPlace(domain);
}

/** The slots that devices take, by bus. */
function takenSlots(domain: SharedElement): Map<number, Set<number>> {
  const taken = new Map<number, Set<number>>();
  for (const device of children(find(domain, "devices"))) {
    const address = find(device, "address");
    if (attribute(address, "type") !== "pci") continue;
    const [bus, slot] = [Number(attribute(address, "bus") ?? 0), Number(attribute(address, "slot") ?? 0)];
    taken.set(bus, (taken.get(bus) ?? new Set()).add(slot));
  }
  return taken;
}

/**
 * A definition with that many root ports free after all of its devices, on machines whose devices are plugged into root ports: q35,
 * and virt on AArch64. libvirt numbers and places the devices that have no address yet.
 */
export function withFreePorts(xml: string, wanted: number): string {
  const document = parseDomain(xml);
  const domain = document.root;
  const devices = find(domain, "devices");
  if (devices === undefined || !hasRootPorts(domain)) return xml;
  const missing = wanted - freeRootPorts(domain);
  if (missing <= 0) return xml;
  const controllers = pciControllers(domain);
  const first = Math.max(0, ...controllers.map(({ index }) => index)) + 1;
  const root = controllers.some(({ model }) => model === "pcie-root")
    ? []
    : [element("controller", { type: "pci", index: 0, model: "pcie-root" })];
  const added = Array.from({ length: missing }, (_, index) =>
    element("controller", { type: "pci", index: first + index, model: "pcie-root-port" }),
  );
  insertAll(devices, [...root, ...added]);
  return serialise(document);
}

function hasRootPorts(domain: SharedElement): boolean {
  const type = find(domain, "os", "type");
  const [arch, machine] = [attribute(type, "arch"), attribute(type, "machine") ?? ""];
  return arch === "aarch64" ? /^virt(-|$)/.test(machine) : /^(pc-)?q35(-|$)/.test(machine);
}

/** The devices without an address that libvirt puts into root ports, with the controllers that it adds for them. */
function devicesToPlace(domain: SharedElement): number {
  const devices = children(find(domain, "devices"));
  const unplaced = devices.filter((device) => find(device, "address") === undefined);
  const has = (name: string, type?: string) =>
    devices.some((one) => one.name === name && (type === undefined || attribute(one, "type") === type));
  const serialPorts = unplaced.some((one) => attribute(find(one, "target"), "type") === "virtio");
  const isX86 = attribute(find(domain, "os", "type"), "arch") !== "aarch64";
  return (
    unplaced.filter(takesPort).length +
    (serialPorts && !has("controller", "virtio-serial") ? 1 : 0) +
    // Of these libvirt adds one by itself on x86.
    (isX86 && !has("controller", "usb") ? 1 : 0) +
    (isX86 && !has("memballoon") ? 1 : 0)
  );
}

const PORT_CONTROLLERS: ReadonlySet<string> = new Set(["scsi", "usb", "virtio-serial"]);

/** Whether a device is one of its own on PCI Express. What is integrated into the chipset isn't. */
function takesPort(device: SharedElement): boolean {
  const [type = "", model = ""] = [attribute(device, "type"), attribute(device, "model")];
  switch (device.name) {
    case "disk":
      return attribute(find(device, "target"), "bus") === "virtio";
    case "interface":
      return !isConventionalCard(attribute(find(device, "model"), "type") ?? "");
    case "rng":
    case "vsock":
    case "filesystem":
    case "hostdev":
      return true;
    case "memory":
      return model === "virtio-mem" || model === "virtio-pmem";
    case "memballoon":
      return model !== "none";
    case "controller":
      return PORT_CONTROLLERS.has(type) && model !== "none";
    default:
      return false;
  }
}
