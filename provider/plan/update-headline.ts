import type { FieldName } from "../args/fields.ts";
import { vcpusOf } from "../domain/state.ts";
import type { DesiredMemory } from "./desired.ts";
import { describeDeviceSteps } from "./device-list/text.ts";
import type { Observed } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { formatChange, formatList, withNote } from "./text.ts";
import type { DesiredVcpus } from "./vcpus/desired.ts";

/** The plan of one of a domain's sizes. */
export interface SizePart {
  name: string;
  plan: Plan | undefined;
  /** "1003 → 1259 MiB", "vCPUs 2 → 4"; undefined where the size itself stays. */
  change: string | undefined;
}

export function memoryChange({ memory }: DesiredMemory, { live, nextBoot }: Observed): string | undefined {
  const present = (live ?? nextBoot)?.memory ?? memory;
  return present === memory ? undefined : formatChange(present, memory);
}

export function vcpuChange({ vcpus }: DesiredVcpus, { live, nextBoot }: Observed): string | undefined {
  const view = live ?? nextBoot;
  const present = view && vcpusOf(view);
  return present === undefined || vcpus === undefined || present === vcpus
    ? undefined
    : `vCPUs ${present} → ${vcpus}`;
}

/** The headline of the whole plan, with a note on each size that changes as well, where another part has the headline. */
export function withSizes({ outcome, headline }: Plan, sizes: SizePart[]): string {
  const others = sizes.filter(({ plan }) => plan !== undefined && plan.headline !== headline);
  const changes = others.flatMap(({ plan, change }) => (plan?.outcome === outcome && change) || []);
  const line = changes.reduce(withNote, headline);
  const names = others.flatMap(({ name, plan }) => (plan?.outcome === "live" ? name : []));
  if (names.length === 0) return line;
  if (outcome === "nextBoot") return withNote(line, `${formatList(names)} live`);
  return outcome === "restart" ? withNote(line, `${formatList(names)} in the definition`) : line;
}

/** The headline with what else is done to the running domain: its disks and network interfaces. */
export function withDevices(line: string, { outcome, headline }: Plan, parts: Plan[]): string {
  if (outcome !== "live") return line;
  const others = parts.filter((part) => part.outcome === "live" && part.headline !== headline);
  return others.map(({ steps }) => describeDeviceSteps(steps)).reduce(withNote, line);
}

/** The other arguments that come with a size at the next boot: a restart for the size brings them as well. */
export function withOthers(line: string, later: FieldName[]): string {
  return later.length > 0 ? withNote(line, `also changes ${formatList(later)}`) : line;
}
