/** A disk as virsh prints it: read without the provider's parser. */
export interface SeenDisk {
  /** A path, or "pool/volume"; undefined: an empty drive. */
  source: string | undefined;
  device: string;
  bus: string;
  target: string;
  format: string | undefined;
  cache: string | undefined;
  discard: string | undefined;
  serial: string | undefined;
  bootOrder: number | undefined;
  readOnly: boolean;
  alias: string | undefined;
  address: string | undefined;
}

export interface SeenCard {
  kind: string;
  model: string;
  mac: string;
  link: string | undefined;
  alias: string | undefined;
  address: string | undefined;
}

export interface SeenDevices {
  machine: string;
  disks: SeenDisk[];
  cards: SeenCard[];
  /** Root ports without a device. */
  freeRootPorts: number;
}

export function readDevices(xml: string): SeenDevices {
  return {
    machine: /<type [^>]*machine='(.*?)'/.exec(xml)?.[1] ?? "",
    disks: [...xml.matchAll(/<disk .*?<\/disk>/gs)].map(([disk]) => readDisk(disk)),
    cards: [...xml.matchAll(/<interface .*?<\/interface>/gs)].map(([card]) => readCard(card)),
    freeRootPorts: freeRootPorts(xml),
  };
}

function readDisk(xml: string): SeenDisk {
  const [driver = "", sourceTag = "", target = ""] = ["driver", "source", "target"].map(
    (name) => new RegExp(`<${name} [^>]*>`).exec(xml)?.[0],
  );
  const volume = attribute(sourceTag, "volume");
  return {
    source:
      volume === undefined
        ? (attribute(sourceTag, "file") ?? attribute(sourceTag, "dev"))
        : `${attribute(sourceTag, "pool")}/${volume}`,
    device: attribute(xml, "device") ?? "disk",
    bus: attribute(target, "bus") ?? "",
    target: attribute(target, "dev") ?? "",
    format: attribute(driver, "type"),
    cache: attribute(driver, "cache"),
    discard: attribute(driver, "discard"),
    serial: /<serial>(.*?)</.exec(xml)?.[1],
    bootOrder: maybeNumber(/<boot order='(\d+)'/.exec(xml)?.[1]),
    readOnly: xml.includes("<readonly/>"),
    ...placeOf(xml),
  };
}

function readCard(xml: string): SeenCard {
  return {
    kind: attribute(xml, "type") ?? "",
    model: /<model type='(.*?)'/.exec(xml)?.[1] ?? "",
    mac: /<mac address='(.*?)'/.exec(xml)?.[1] ?? "",
    link: /<link state='(.*?)'/.exec(xml)?.[1],
    ...placeOf(xml),
  };
}

function placeOf(xml: string): { alias: string | undefined; address: string | undefined } {
  return { alias: /<alias name='(.*?)'/.exec(xml)?.[1], address: /<address type=[^>]*>/.exec(xml)?.[0] };
}

/** The first one in a tag, or in an element. */
function attribute(xml: string, name: string): string | undefined {
  return new RegExp(` ${name}='(.*?)'`).exec(xml)?.[1];
}

function freeRootPorts(xml: string): number {
  const ports = [...xml.matchAll(/<controller type='pci' index='(\d+)' model='pcie-root-port'/g)];
  const taken = new Set(
    [...xml.matchAll(/<address type='pci' domain='0x0000' bus='0x([0-9a-f]+)'/g)].map(([, bus = ""]) =>
      Number.parseInt(bus, 16),
    ),
  );
  return ports.filter(([, index]) => !taken.has(Number(index))).length;
}

function maybeNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
