import { checkInputs } from "../args/check-inputs.ts";
import type { Failure } from "../args/failure.ts";
import type { Inputs } from "../args/inputs.ts";
import { guestWidth } from "../args/max-memory.ts";
import { DEFAULTS } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { type DomainState, vcpusOf } from "../domain/state.ts";
import type { Observation } from "../observe/observe.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { formatNumbers } from "../plan/text.ts";
import { KIB_PER_MIB, type Kib } from "../units/kib.ts";
import { canonicalSize, readCanonicalSize } from "../units/size.ts";
import { argumentsOf, type ExplainOptions, typedFor } from "./options.ts";

/** Stands for a resource of any program. It isn't shown. */
const ANY_URN = "urn:pulumi:any::any::any::domain";

/** A program that already has the domain, and sets a size. */
interface Program {
  inputs: Inputs;
  desired: DesiredMemory;
}

/**
 * The program that is planned for, by the same check that `up` makes: maximum and slots are those of the definition, and
 * so is the balloon target of a domain that this provider manages; the rest has the provider's defaults. Without a size
 * the program has the present one.
 *
 * @param adopted this provider didn't create the domain
 * @throws Error with a line for each option that is wrong
 */
export function programOf(options: ExplainOptions, observation: Observation, adopted: boolean): Program {
  const { definition, observed } = observation;
  const present = (observed.live ?? observed.nextBoot ?? definition).memory;
  const { hotplug, ...named } = argumentsOf(options);
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
      memory: options.memory ?? canonicalSize(Math.ceil(present / KIB_PER_MIB) * KIB_PER_MIB),
      ...named,
      hotplug: { device: deviceOf(definition), ...hotplug },
    },
  );
  // An argument that wasn't typed can't be wrong: its value is the domain's.
  const wrong = [...failures, ...targetFailures(options, definition)].flatMap(({ property, reason }) => {
    const typed = typedFor(property, options);
    if (typed === undefined && options.memory === undefined) return [];
    return [`${typed ?? property}: ${reason}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  // Everything in it passed the check, and nothing is unknown outside of a preview.
  const checked = inputs as Inputs;
  const memory = options.memory === undefined ? present : readCanonicalSize(checked.memory);
  const currentMemory = balloonTarget(definition, checked, memory);
  const program: Inputs = {
    ...checked,
    memory: canonicalSize(memory),
    ...defined({ currentMemory: currentMemory === undefined ? undefined : canonicalSize(currentMemory) }),
    // It has the vCPUs that the domain has.
    vcpus: vcpusOf(observed.live ?? definition),
    maxVcpus: definition.vcpus,
  };
  return { inputs: program, desired: desiredMemory(program, DEFAULTS, adopted) as DesiredMemory };
}

function deviceOf({ devices }: DomainState): DesiredMemory["device"] {
  return devices.some(({ model }) => model === "virtio-mem") ? "virtio-mem" : DEFAULTS.device;
}

/** What the program has as `currentMemory`; undefined where it sets none. */
function balloonTarget(
  { ownership, memory, currentMemory }: DomainState,
  { hotplug }: Inputs,
  desired: Kib,
): Kib | undefined {
  if (ownership === undefined || currentMemory === memory || hotplug?.device === "virtio-mem")
    return undefined;
  return Math.min(currentMemory, desired);
}

function widthOf({ arch }: DomainState): 32 | 64 | undefined {
  // Any architecture that libvirt knows; the two that matter are among those of an argument.
  return guestWidth({ arch: arch as Exclude<Inputs["arch"], undefined> });
}

/** A program without `numa` isn't checked against the nodes of the domain. */
function targetFailures({ targetNode }: ExplainOptions, { cells }: DomainState): Failure[] {
  if (targetNode === undefined || cells.length === 0 || !/^\d+$/.test(targetNode)) return [];
  if (cells.some((cell) => cell.id === Number(targetNode))) return [];
  const nodes = cells.map((cell) => cell.id);
  const there = nodes.length === 1 ? `only has node ${nodes[0]}` : `has nodes ${formatNumbers(nodes)}`;
  return [{ property: "hotplug.targetNode", reason: `is not a node of the domain, which ${there}` }];
}
