import { checkInputs } from "../args/check-inputs.ts";
import type { Failure } from "../args/failure.ts";
import type { Inputs } from "../args/inputs.ts";
import { guestWidth } from "../args/max-memory.ts";
import { DEFAULTS } from "../args/settings.ts";
import type { DomainState } from "../domain/state.ts";
import type { Observation } from "../observe/observe.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { canonicalSize } from "../units/size.ts";

/** What a person asks about a domain: arguments of a program, as they are typed. */
export interface ExplainOptions {
  memory?: string;
  maxMemory?: string;
  alignment?: string;
  maxDimmSize?: string;
  targetNode?: string;
  whenNotPossible?: string;
  allowUnplug?: boolean;
  device?: string;
}

/** How a person types each argument. */
const TYPED: Readonly<Record<string, { key: Exclude<keyof ExplainOptions, "allowUnplug">; as: string }>> = {
  memory: { key: "memory", as: "size" },
  maxMemory: { key: "maxMemory", as: "--max-memory" },
  "hotplug.alignment": { key: "alignment", as: "--alignment" },
  "hotplug.maxDimmSize": { key: "maxDimmSize", as: "--max-dimm-size" },
  "hotplug.targetNode": { key: "targetNode", as: "--target-node" },
  "hotplug.device": { key: "device", as: "--device" },
  "hotplug.whenNotPossible": { key: "whenNotPossible", as: "--when-not-possible" },
};

/** Stands for a resource of any program: its name appears nowhere. */
const ANY_URN = "urn:pulumi:any::any::any::domain";

/**
 * What a program asks that has this domain already, by the same check that up makes: ceiling and slots are carried
 * over from its definition, and what the balloon leaves there where a program has the domain; all else has the
 * provider's defaults. Without a size it asks for what is there.
 *
 * @param adopted somebody else made the domain
 * @throws Error with a line for each argument that is wrong
 */
export function desiredBy(
  question: ExplainOptions,
  { definition, observed }: Observation,
  adopted: boolean,
): DesiredMemory {
  const present = (observed.live ?? observed.nextBoot ?? definition).memory;
  const { memory, maxMemory, targetNode, ...rest } = question;
  const { inputs, failures } = checkInputs(
    {
      name: "domain",
      uuid: definition.uuid,
      maxMemory: canonicalSize(definition.maxMemory?.size ?? definition.memory),
      memorySlots: definition.maxMemory?.slots,
    },
    {
      __urn: ANY_URN,
      adopt: true,
      guestWidth: widthOf(definition),
      memory: memory ?? canonicalSize(Math.ceil(present / KIB_PER_MIB) * KIB_PER_MIB),
      ...(maxMemory !== undefined && { maxMemory }),
      hotplug: {
        ...{ device: definition.devices.some(({ model }) => model === "virtio-mem") ? "virtio-mem" : "dimm" },
        ...rest,
        ...(targetNode !== undefined && { targetNode: nodeOf(targetNode) }),
      },
    },
  );
  // The present size is no one's wish, so nothing is wrong with it.
  const isAsked = ({ property }: Failure) => memory !== undefined || typed(property, question) !== undefined;
  const wrong = [...failures, ...targetFailures(targetNode, definition)].filter(isAsked);
  if (wrong.length > 0)
    throw new Error(
      wrong.map(({ property, reason }) => `${typed(property, question) ?? property}: ${reason}`).join("\n"),
    );
  // Everything in it passed the check, and nothing is unknown outside of a preview.
  const desired = desiredMemory(inputs as Inputs, DEFAULTS, adopted) as DesiredMemory;
  return withBalloonOf(definition, memory === undefined ? { ...desired, memory: present } : desired);
}

function withBalloonOf(
  { ownership, memory, currentMemory }: DomainState,
  desired: DesiredMemory,
): DesiredMemory {
  if (ownership === undefined || currentMemory === memory || desired.device === "virtio-mem") return desired;
  return { ...desired, currentMemory: Math.min(currentMemory, desired.memory) };
}

function widthOf({ arch }: DomainState): 32 | 64 | undefined {
  // Any architecture that libvirt knows; the two that matter are among those of an argument.
  return guestWidth({ arch: arch as Exclude<Inputs["arch"], undefined> });
}

function nodeOf(typed: string): number | string {
  return /^\d+$/.test(typed) ? Number(typed) : typed;
}

/** A program that names no nodes of its own isn't checked against those of the domain. */
function targetFailures(targetNode: string | undefined, { cells }: DomainState): Failure[] {
  if (targetNode === undefined || cells.length === 0 || !/^\d+$/.test(targetNode)) return [];
  if (cells.some((cell) => cell.id === Number(targetNode))) return [];
  const there = cells.length === 1 ? "node 0 alone" : `nodes ${cells.map((cell) => cell.id).join(", ")}`;
  return [{ property: "hotplug.targetNode", reason: `is no node of the domain, which has ${there}` }];
}

/** What was typed for an argument, as it was typed; undefined when it wasn't. */
function typed(property: string, question: ExplainOptions): string | undefined {
  const found = TYPED[property];
  const value = found && question[found.key];
  return found && value !== undefined ? `${found.as} "${value}"` : undefined;
}
