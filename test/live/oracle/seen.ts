import type { Lab } from "../../lab/lab.ts";
import { type MemoryByVirsh, readMemory } from "../../support/virsh.ts";
import { type SeenImage, seeImages } from "./host-files.ts";
import { readDevices, type SeenDevices } from "./seen-devices.ts";

/** A domain, and what else is on its host, as virsh shows them: read without the provider's client or parser. */
export interface Seen {
  /** All domains of the host. */
  names: string[];
  /** Images of disks on the host, by their path. */
  images: Record<string, SeenImage>;
  /** What virsh calls its state; undefined: there is none. */
  state?: string;
  uuid?: string;
  pid?: number | undefined;
  live?: MemoryByVirsh;
  nextBoot?: MemoryByVirsh;
  vcpus?: { live: number | undefined; nextBoot: number; maximum: number };
  devices?: { live: SeenDevices | undefined; nextBoot: SeenDevices };
  /** Of its graphics. */
  password?: { live: string | undefined; nextBoot: string | undefined };
  autostart?: boolean;
  isSaved?: boolean;
  /** What its saved state has, which a start restores. */
  saved?: MemoryByVirsh;
  /** The whole of it, without the provider's mark: to tell whether anything changed. */
  xml?: { live: string | undefined; nextBoot: string };
}

export async function see(lab: Lab, name: string): Promise<Seen> {
  const names = lines(await lab.virsh("list", "--all", "--name"));
  if (!names.includes(name)) return { names, images: seeImages(lab) };
  const SEPARATOR = "----oracle----";
  const dump = `dumpxml ${name} --security-info`;
  const commands = [`domstate ${name}`, `dominfo ${name}`, dump, `${dump} --inactive`];
  const text = await lab.virsh(commands.join(` ; echo ${SEPARATOR} ; `));
  const [state = "", info = "", current = "", inactive = ""] = text.split(SEPARATOR);
  const isRunning = state.trim() !== "shut off";
  const isSaved = /Managed save:\s+yes/.test(info);
  return {
    names,
    images: seeImages(lab),
    devices: { live: isRunning ? readDevices(current) : undefined, nextBoot: readDevices(inactive) },
    state: state.trim(),
    uuid: /<uuid>(.*?)<\/uuid>/.exec(inactive)?.[1] ?? "",
    pid: lab.qemuPid(name),
    ...(isRunning && { live: readMemory(current) }),
    nextBoot: readMemory(inactive),
    vcpus: {
      live: isRunning ? vcpusOf(current) : undefined,
      nextBoot: vcpusOf(inactive),
      maximum: maximumOf(inactive),
    },
    autostart: /Autostart:\s+enable/.test(info),
    isSaved,
    ...(isSaved && { saved: readMemory(await lab.virsh("managedsave-dumpxml", name)) }),
    password: { live: isRunning ? passwordOf(current) : undefined, nextBoot: passwordOf(inactive) },
    xml: { live: isRunning ? unmarked(current) : undefined, nextBoot: unmarked(inactive) },
  };
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .sort();
}

function vcpusOf(xml: string): number {
  const current = /<vcpu [^>]*current='(\d+)'/.exec(xml)?.[1];
  return current === undefined ? maximumOf(xml) : Number(current);
}

function maximumOf(xml: string): number {
  return Number(/<vcpu[^>]*>(\d+)</.exec(xml)?.[1]);
}

function passwordOf(xml: string): string | undefined {
  return /<graphics [^>]*passwd='([^']*)'/.exec(xml)?.[1];
}

function unmarked(xml: string): string {
  return xml.replace(/ *<metadata>.*?<\/metadata>\n/s, "");
}
