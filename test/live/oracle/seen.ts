import type { Lab } from "../../lab/lab.ts";
import { type MemoryByVirsh, readMemory } from "../../support/virsh.ts";

/** A domain, and what else is on its host, as virsh shows them: read without the provider's client or parser. */
export interface Seen {
  /** All domains of the host. */
  names: string[];
  /** What virsh calls its state; undefined: there is none. */
  state?: string;
  uuid?: string;
  pid?: number | undefined;
  live?: MemoryByVirsh;
  nextBoot?: MemoryByVirsh;
  vcpus?: { live: number | undefined; nextBoot: number; maximum: number };
  autostart?: boolean;
  isSaved?: boolean;
  /** What its saved state has, which a start restores. */
  saved?: MemoryByVirsh;
  /** The whole of it, without the provider's mark: to tell whether anything changed. */
  xml?: { live: string | undefined; nextBoot: string };
}

export async function see(lab: Lab, name: string): Promise<Seen> {
  const names = lines(await lab.virsh("list", "--all", "--name"));
  if (!names.includes(name)) return { names };
  const SEPARATOR = "----oracle----";
  const commands = [`domstate ${name}`, `dominfo ${name}`, `dumpxml ${name}`, `dumpxml ${name} --inactive`];
  const text = await lab.virsh(commands.join(` ; echo ${SEPARATOR} ; `));
  const [state = "", info = "", current = "", inactive = ""] = text.split(SEPARATOR);
  const isRunning = state.trim() !== "shut off";
  const isSaved = /Managed save:\s+yes/.test(info);
  return {
    names,
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

function unmarked(xml: string): string {
  return xml.replace(/ *<metadata>.*?<\/metadata>\n/s, "");
}
