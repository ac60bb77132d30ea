import { isDeepStrictEqual } from "node:util";
import { devicesDefinedAsAsked, devicesLiveAsAsked, imagesKept, theirsKept } from "./judge-devices.ts";
import { devicesLiveWherePossible, portsAsAsked } from "./judge-ports.ts";
import { mibOf, type Program } from "./program.ts";
import type { Seen } from "./seen.ts";

export type Outcome =
  | "none"
  | "setting"
  | "live"
  | "nextBoot"
  | "restart"
  | "replace"
  | "refuse"
  | "create"
  | "gone";

/** One update: what its preview said, and what virsh showed before and after it. */
export interface Played {
  name: string;
  program: Program;
  /** `text`: all lines of the preview. */
  said: { outcome: Outcome; headline: string; text: string };
  /** The program before its last edits; undefined for a new domain. */
  previous: Program | undefined;
  /** Somebody else changed devices or images, since all was last as the program says. */
  devicesTouched: boolean;
  /** Only the lists of devices changed since the last update, and nobody else had a hand in it. */
  onlyLists: boolean;
  /** Why the update failed; undefined where it succeeded. */
  failure: string | undefined;
  before: Seen;
  after: Seen;
  /** Only the memory changed since the last update, by this, and nobody else had a hand in it. */
  grownBy?: number | undefined;
}

const MIB = 1024;

/** Each way in which what was done isn't what the preview said. Empty: it is. */
export function mismatches(played: Played): string[] {
  const { name, said, failure, after } = played;
  const strangers = after.names.filter((other) => other !== name);
  // The program itself may create a network, so that only the start of a new domain shows that there is none. libvirt finds an
  // image in a folder only once it has refreshed a pool for it, which a preview doesn't make: "unless there is one".
  const isForeseen =
    (said.outcome === "create" && /network "nowhere" doesn't exist/.test(failure ?? "")) ||
    /a disk is never made smaller/.test(failure ?? "");
  const found = [
    ...(strangers.length > 0 ? [`left on the host: ${strangers.join(", ")}`] : []),
    ...(said.outcome === "refuse" && failure === undefined ? ["refused in the preview, done by up"] : []),
    ...(said.outcome !== "refuse" && failure !== undefined && !isForeseen
      ? [`announced, then failed: ${failure}`]
      : []),
  ];
  const rule = failure === undefined ? RULES[said.outcome] : RULES.refuse;
  return [
    ...[...found, ...rule(played), ...sizesInHeadline(played), ...liveWherePossible(played)],
    ...(failure === undefined ? vcpusInHeadline(played) : []),
    ...[...theirsKept(played), ...imagesKept(played), ...devicesLiveWherePossible(played)],
    ...(failure === undefined ? portsAsAsked(played) : []),
  ];
}

type Rule = (played: Played) => string[];

const RULES: Record<Outcome, Rule> = {
  none: unchanged,
  setting: unchanged,
  refuse: unchanged,
  live: (played) => [...samePid(played), ...asAsked(played), ...keptDevices(played)],
  nextBoot: (played) => [...samePid(played), ...definedAsAsked(played), ...keptDevices(played)],
  restart: (played) => [...sameUuid(played), ...asAsked(played), ...keptDefinedDevices(played)],
  replace: (played) => [...sameUuid(played), ...asAsked(played)],
  create: asAsked,
  gone: () => [],
};

/** "1003 → 1259 MiB": from what virsh showed, to what the program asks for. */
function sizesInHeadline({ program, said: { outcome, headline }, before }: Played): string[] {
  const [, from, to] = /(\d+) → (\d+) MiB/.exec(headline.replace(/disks?[ [].*?\d+ → \d+ MiB/g, "")) ?? [];
  if (outcome === "refuse" || to === undefined || headline.includes("balloon")) return [];
  const present = [before.live, before.nextBoot, before.saved].flatMap((view) =>
    view ? effective(view) / MIB : [],
  );
  return [
    ...(present.includes(Number(from)) ? [] : [`said from ${from} MiB, found ${present.join(" and ")} MiB`]),
    ...(Number(to) === mibOf(program.memory) ? [] : [`said to ${to} MiB, ${program.memory} asked`]),
  ];
}

/** "vCPUs 2 → 4": from what virsh showed, to what the program asks for, which then runs or is defined. */
function vcpusInHeadline({ program, said: { outcome, headline }, before, after }: Played): string[] {
  const [, from, to] = /vCPUs (\d+) → (\d+)/.exec(headline) ?? [];
  if (outcome === "refuse" || outcome === "replace" || to === undefined) return [];
  const present = [before.vcpus?.live, before.vcpus?.nextBoot];
  const wanted = Number(program.vcpus ?? 1);
  const isLive = outcome === "live" && !headline.includes("in the definition") && before.state === "running";
  return [
    ...(present.includes(Number(from)) ? [] : [`said from ${from} vCPUs, found ${present.join(" and ")}`]),
    ...(Number(to) === wanted ? [] : [`said to ${to} vCPUs, ${wanted} asked`]),
    ...(after.vcpus?.nextBoot === wanted ? [] : [`${after.vcpus?.nextBoot} vCPUs defined, ${wanted} asked`]),
    ...(isLive && after.vcpus?.live !== wanted ? [`${after.vcpus?.live} vCPUs run, ${wanted} asked`] : []),
  ];
}

/** The rule of memory hot-plug in its simplest case, put down a second time: whole blocks, a free slot, room. */
function liveWherePossible({ program, said: { outcome, headline }, before, grownBy }: Played): string[] {
  const { live } = before;
  const { enabled, applyOn, device, alignment = "256MiB", maxDimmSize, targetNode = 0 } = hotplugOf(program);
  const isPlain =
    enabled !== false && applyOn !== "nextBoot" && device !== "virtio-mem" && maxDimmSize === undefined;
  if (grownBy === undefined || grownBy <= 0 || live?.maxMemory === undefined || before.state !== "running")
    return [];
  if (!isPlain || program.numa !== undefined || program.running === false || targetNode !== 0) return [];
  if (grownBy % mibOf(String(alignment)) !== 0 || live.memory + grownBy * MIB > live.maxMemory) return [];
  if (live.devices.length >= (live.slots ?? 0)) return [];
  // Beside something that a refresh saw and that waits for the next boot, the headline says so.
  const isLive = outcome === "live" || headline.endsWith("memory live");
  return isLive ? [] : [`${grownBy} MiB fit a free slot, and the preview says ${outcome}`];
}

function hotplugOf({ hotplug }: Program): Record<string, string | undefined | boolean | number> {
  return (hotplug as Record<string, never>) ?? {};
}

function unchanged({ before, after }: Played): string[] {
  const differ = (
    ["state", "pid", "uuid", "autostart", "isSaved", "live", "nextBoot", "xml", "images"] as const
  ).filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return differ.map((key) => `${key} changed: ${shown(before[key])} → ${shown(after[key])}`);
}

function samePid({ before, after }: Played): string[] {
  return before.pid === undefined || before.pid === after.pid ? [] : ["the domain was restarted"];
}

function sameUuid({ before, after }: Played): string[] {
  return before.uuid === after.uuid ? [] : [`UUID ${before.uuid} → ${after.uuid}`];
}

/** A finished update leaves what the program asks for: running and defined. */
function asAsked(played: Played): string[] {
  const { program, before, after, said } = played;
  const shouldRun = program.running !== false;
  const wanted = mibOf(program.memory) * MIB;
  const power =
    shouldRun === (after.live !== undefined) ? [] : [`running: ${shouldRun} asked, "${after.state}" found`];
  // A size that waits for the next boot goes on waiting while something else changes, or a saved state is restored.
  const isOther = said.outcome === "live" && !/\d → \d/.test(said.headline);
  const kept = before.live ?? before.saved;
  const isWaiting = isOther && kept && after.live && effective(kept) === effective(after.live);
  const live =
    after.live === undefined || effective(after.live) === wanted || isWaiting
      ? []
      : [`live memory ${effective(after.live)} KiB, ${wanted} asked`];
  return [...power, ...live, ...devicesLiveAsAsked(played), ...definedAsAsked(played)];
}

/** A password is live where the preview says so; in the definition it always is, and so are the devices. */
function hardwareAsAsked({ program, said, after }: Played): string[] {
  const { password: asked } = (program.graphics ?? {}) as { password?: string };
  const { password, xml } = after;
  const isLive = said.outcome === "live" && said.headline.includes("change the VNC password");
  const missing = (["graphics", "video", "rng", "watchdog"] as const).filter(
    (name) => program[name] !== undefined && xml?.nextBoot.includes(`<${name}`) !== true,
  );
  return [
    ...(program.graphics === undefined || password?.nextBoot === asked
      ? []
      : [`password ${password?.nextBoot} defined, ${asked} asked`]),
    ...(isLive && password?.live !== asked ? [`password ${password?.live} live, ${asked} asked`] : []),
    ...missing.map((name) => `no ${name} in the definition`),
  ];
}

function definedAsAsked(played: Played): string[] {
  const { program, before, after } = played;
  const wanted = mibOf(program.memory) * MIB;
  const { nextBoot, vcpus } = after;
  if (nextBoot === undefined) return ["the domain is gone"];
  const ours = nextBoot.devices.filter(({ alias }) => alias.startsWith("ua-pulumi-dimm"));
  const maximum = program.maxMemory === undefined ? undefined : mibOf(String(program.maxMemory)) * MIB;
  const isPluggable = hotplugOf(program).enabled !== false;
  return [
    ...(!isPluggable || maximum === undefined || maximum <= wanted || nextBoot.maxMemory === maximum
      ? []
      : [`defined maximum ${nextBoot.maxMemory} KiB, ${maximum} asked`]),
    ...(effective(nextBoot) === wanted ? [] : [`defined memory ${effective(nextBoot)} KiB, ${wanted} asked`]),
    ...[...hardwareAsAsked(played), ...devicesDefinedAsAsked(played)],
    ...(ours.length === 0 ? [] : [`DIMMs left in the definition: ${shown(ours)}`]),
    // What the program didn't change stays as somebody else set it, until a refresh sees that.
    ...(program.vcpus === undefined || [program.vcpus, before.vcpus?.nextBoot].includes(vcpus?.nextBoot)
      ? []
      : [`${vcpus?.nextBoot} vCPUs defined, ${program.vcpus} asked`]),
    ...([program.autostart ?? false, before.autostart].includes(after.autostart)
      ? []
      : [`autostart ${after.autostart}`]),
  ];
}

/** What this provider doesn't manage stays: in the running domain and in its definition. */
function keptDevices(played: Played): string[] {
  const { before, after } = played;
  const theirs = (before.live?.devices ?? []).filter(({ alias }) => !alias.startsWith("ua-pulumi-"));
  const lost = theirs.filter(
    (device) => !(after.live?.devices ?? []).some((one) => isDeepStrictEqual(one, device)),
  );
  return [...(lost.length > 0 ? [`lost of others: ${shown(lost)}`] : []), ...keptDefinedDevices(played)];
}

function keptDefinedDevices({ before, after }: Played): string[] {
  const theirs = ({ nextBoot }: Seen) =>
    (nextBoot?.devices ?? [])
      .filter(({ alias }) => !alias.startsWith("ua-pulumi-"))
      .map(({ size }) => size)
      .sort();
  return isDeepStrictEqual(theirs(before), theirs(after))
    ? []
    : [`defined devices of others: ${shown(theirs(before))} → ${shown(theirs(after))}`];
}

/** libvirt counts a virtio-mem device in full; the size that the guest has of it is what is requested. */
function effective({ memory, devices }: NonNullable<Seen["live"]>): number {
  return devices.reduce(
    (total, { size, requested }) => total - (requested === undefined ? 0 : size - requested),
    memory,
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
