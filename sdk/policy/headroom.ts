import type { Kib } from "../../provider/units/kib.ts";
import { formatSize } from "../../provider/units/size.ts";
import type { PolicyDomain } from "./domain.ts";
import {
  ALLOWED,
  type Rule,
  type RuleArgs,
  type RuleOptions,
  rule,
  type Stage,
  type Verdict,
} from "./rule.ts";
import { count, sizeSchema, sizeSetting } from "./settings.ts";
import { argumentUnknown, outputUnknown } from "./unjudged.ts";

/** The settings of `headroom`. At least one of `memory` and `slots` must be set. */
export interface HeadroomArgs extends RuleArgs {
  /**
   * How much memory a live change must be able to add after this one: a size such as `"2GiB"`, or a number of MiB. Default: the memory
   * isn't judged.
   */
  memory?: string | number;
  /**
   * How many of `memorySlots` must be free after the change; at least 1. The slots of the running domain count: those of a raised
   * `memorySlots` only from its next boot. Default: the slots aren't judged.
   */
  slots?: number;
}

interface Wanted {
  memory?: Kib;
  slots?: number;
}

/**
 * Each domain has room to grow live after the change. The rule `headroom`: the memory that can still be added is the distance from
 * `memory` to the largest size in the output `reachable`, and at most the distance to `maxMemory`; for a domain that is off, it is that
 * distance. The free slots are those of the domain that no DIMM in the output `memoryDevices` occupies.
 *
 * @throws Error with all failures of the settings at once
 */
export function headroom(args: HeadroomArgs = {}, options?: RuleOptions): Rule {
  return rule<Wanted>(
    {
      name: "headroom",
      displayName: "Headroom",
      description: "A virtual machine must have room to grow without a restart.",
      remedy: "Raise maxMemory and memorySlots, which takes effect when the domain is shut down and started.",
      settings: {
        memory: {
          schema: sizeSetting,
          describe: sizeSchema("How much memory a live change must be able to add after this one."),
        },
        slots: {
          schema: count(1),
          describe: {
            type: "integer",
            minimum: 1,
            description: "How many slots must be free after the change.",
          },
        },
      },
      contradictions: ({ memory, slots }) =>
        memory === undefined && slots === undefined
          ? [{ property: "", reason: "memory or slots must be set" }]
          : [],
      judgesResult: true,
      judge: (domain, { memory, slots }, stage) => {
        const all = [
          memory === undefined ? ALLOWED : judgedRoom(domain, memory, stage),
          slots === undefined ? ALLOWED : judgedSlots(domain, slots, stage),
        ];
        return (
          all.find(({ kind }) => kind === "violated") ?? all.find(({ kind }) => kind === "unknown") ?? ALLOWED
        );
      },
    },
    { ...args },
    options,
  );
}

function judgedRoom(domain: PolicyDomain, wanted: Kib, stage: Stage): Verdict {
  const memory = domain.size("memory");
  if (memory.kind !== "known") return argumentUnknown(domain, "memory", memory);
  const maxMemory = domain.size("maxMemory");
  if (maxMemory.kind !== "known") return argumentUnknown(domain, "maxMemory", maxMemory);
  const short = (room: Kib, how: string): Verdict => ({
    kind: "violated",
    text: `after the change ${formatSize(memory.value)} can grow by ${formatSize(room)}${how}, but ${formatSize(wanted)} is required. Raise maxMemory and memorySlots, or use a smaller size.`,
  });
  // No live change goes beyond the maximum, whatever else limits it.
  const most = Math.max(0, maxMemory.value - memory.value);
  if (most < wanted) return short(most, ` up to maxMemory (${formatSize(maxMemory.value)})`);
  if (domain.isOff) return ALLOWED;
  const { reachable } = domain;
  if (reachable.kind !== "known") return outputUnknown(domain, "reachable sizes", reachable, stage);
  const room = Math.max(memory.value, ...reachable.value.map(({ to }) => to)) - memory.value;
  return room < wanted ? short(room, " live") : ALLOWED;
}

function judgedSlots(domain: PolicyDomain, wanted: number, stage: Stage): Verdict {
  const memorySlots = domain.number("memorySlots");
  if (memorySlots.kind !== "known") return argumentUnknown(domain, "memorySlots", memorySlots);
  const { slots } = domain;
  if (slots.kind === "known" && slots.value.free < wanted) {
    const { free, total } = slots.value;
    const isRaised = memorySlots.value - (total - free) >= wanted;
    const remedy = isRaised
      ? `memorySlots is ${memorySlots.value}, which takes effect when the domain is shut down and started.`
      : "Raise memorySlots, or grow by fewer and larger DIMMs.";
    const found = `after the change ${free} of ${total} slots are free, but ${wanted} must be.`;
    return { kind: "violated", text: `${found} ${remedy}` };
  }
  // The most that the domain has after its next boot.
  if (memorySlots.value < wanted)
    return {
      kind: "violated",
      text: `memorySlots is ${memorySlots.value}, but ${wanted} slots must be free. Raise memorySlots.`,
    };
  return slots.kind === "known" ? ALLOWED : outputUnknown(domain, "free slots", slots, stage);
}
