import { writeFileSync } from "node:fs";
import type { Lab } from "../lab/lab.ts";

/** A domain's memory as virsh prints it, in KiB: read without the provider's client or parser. */
export interface MemoryByVirsh {
  memory: number;
  currentMemory: number;
  maxMemory: number | undefined;
  slots: number | undefined;
  cells: number[];
  /** `requested`: of a virtio-mem device. */
  devices: { alias: string; size: number; slot: number | undefined; requested?: number }[];
}

/** Leaves no domain on the lab. */
export async function removeDomains(lab: Lab): Promise<void> {
  const active = words(await lab.virsh("list", "--name"));
  await inOneVirsh(lab, active, (name) => `destroy ${name}`);
  const defined = words(await lab.virsh("list", "--name", "--all"));
  await inOneVirsh(lab, defined, (name) => `undefine ${name} --nvram --managed-save`);
}

/** Many commands in one process, which is what virsh takes its time for. */
export async function inOneVirsh(
  lab: Lab,
  names: string[],
  command: (name: string) => string,
): Promise<string> {
  return names.length === 0 ? "" : lab.virsh(names.map(command).join(" ; "));
}

/** The XML of many domains, in their order. */
export async function xmlOfAll(lab: Lab, names: string[], options = ""): Promise<string[]> {
  const text = await inOneVirsh(lab, names, (name) => `dumpxml ${name} ${options}`);
  const xmls = text.split(/(?<=<\/domain>\n)/).filter((xml) => xml.trim() !== "");
  if (xmls.length !== names.length) throw new Error(`virsh gave ${xmls.length} of ${names.length} domains`);
  return xmls;
}

export function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** The memory of the running domain. */
export async function liveMemory(lab: Lab, domain: string): Promise<MemoryByVirsh> {
  return readMemory(await lab.virsh("dumpxml", domain));
}

/** The memory of the inactive definition. */
export async function nextBootMemory(lab: Lab, domain: string): Promise<MemoryByVirsh> {
  return readMemory(await lab.virsh("dumpxml", domain, "--inactive"));
}

/** The memory of many domains, running and defined, in their order. */
export async function memoryOfAll(
  lab: Lab,
  names: string[],
): Promise<{ live: MemoryByVirsh; nextBoot: MemoryByVirsh }[]> {
  const live = (await xmlOfAll(lab, names)).map(readMemory);
  const nextBoot = (await xmlOfAll(lab, names, "--inactive")).map(readMemory);
  return live.flatMap((one, index) => (nextBoot[index] ? { live: one, nextBoot: nextBoot[index] } : []));
}

export function readMemory(xml: string): MemoryByVirsh {
  const size = (name: string) => {
    const found = new RegExp(`<${name}(?: slots='\\d+')? unit='KiB'>(\\d+)</${name}>`).exec(xml)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const cells = [...xml.matchAll(/<cell id='\d+'.*? memory='(\d+)' unit='KiB'/g)];
  const devices = [...xml.matchAll(/<memory model='.*?<\/memory>/gs)].map(([device]) => ({
    alias: /<alias name='(.*?)'/.exec(device)?.[1] ?? "",
    size: Number(/<size unit='KiB'>(\d+)</.exec(device)?.[1]),
    slot: maybeNumber(/ slot='(\d+)'/.exec(device)?.[1]),
    ...requestedOf(device),
  }));
  return {
    memory: size("memory") ?? 0,
    currentMemory: size("currentMemory") ?? 0,
    maxMemory: size("maxMemory"),
    slots: maybeNumber(/<maxMemory slots='(\d+)'/.exec(xml)?.[1]),
    cells: cells.map(([, memory]) => Number(memory)),
    devices,
  };
}

function requestedOf(device: string): { requested?: number } {
  const requested = /<requested unit='KiB'>(\d+)</.exec(device)?.[1];
  return requested === undefined ? {} : { requested: Number(requested) };
}

function maybeNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Edits a domain's inactive definition as a person would with `virsh edit`. */
export async function editByHand(lab: Lab, domain: string, change: (xml: string) => string): Promise<void> {
  const before = await lab.virsh("dumpxml", domain, "--inactive", "--security-info");
  const after = change(before);
  if (after === before) throw new Error(`the edit of ${domain} by hand changes nothing`);
  await defineByHand(lab, after);
}

export async function defineByHand(lab: Lab, xml: string): Promise<void> {
  const file = lab.file("by-hand.xml");
  writeFileSync(file, xml);
  await lab.virsh("define", file);
}

/** Attaches a DIMM as a person would with virsh, live alone. */
export async function attachByHand(lab: Lab, domain: string, mib: number): Promise<void> {
  const file = lab.file("dimm-by-hand.xml");
  writeFileSync(
    file,
    `<memory model='dimm'><target><size unit='MiB'>${mib}</size><node>0</node></target></memory>`,
  );
  await lab.virsh("attach-device", domain, file, "--live");
}

/** Attaches a device by its XML as a person would with virsh: `--live`, `--config`, or both. */
export async function attachXmlByHand(
  lab: Lab,
  domain: string,
  xml: string,
  ...where: ("--live" | "--config")[]
): Promise<void> {
  const file = lab.file("device-by-hand.xml");
  writeFileSync(file, xml);
  await lab.virsh("attach-device", domain, file, ...where);
}

/** What virsh calls a domain's state: «running», «paused», «shut off», … */
export async function powerState(lab: Lab, domain: string): Promise<string> {
  return (await lab.virsh("domstate", domain)).trim();
}

/** Forces the domain off and starts it with its definition. */
export async function powerCycle(lab: Lab, domain: string): Promise<void> {
  await lab.virsh("destroy", domain);
  await lab.virsh("start", domain);
}
