import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { Observed } from "../observed.ts";
import type { Step } from "../plan.ts";
import { describeVirtioMem } from "../virtio-mem/text.ts";
import { foldedDefinition, isDefined } from "./folded.ts";

/** The steps that set the inactive definition; none if nothing differs or the domain is transient. */
export function definitionSteps(
  desired: DesiredMemory,
  observed: Observed,
  { numaChanged }: { numaChanged?: boolean },
): Step[] {
  const { nextBoot } = observed;
  if (nextBoot === undefined) return [];
  const definition = foldedDefinition(desired, observed, nextBoot, numaChanged);
  const isFirstCell = nextBoot.cells.length === 0;
  const otherNodes =
    numaChanged === true || (!isFirstCell && definition.cells.length !== nextBoot.cells.length);
  const redefine: Step = {
    kind: "redefine",
    fields: ["numa"],
    sentence: "change the NUMA nodes in the definition",
  };
  if (isDefined(definition, nextBoot)) return otherNodes ? [redefine] : [];
  const what = definition.virtioMem?.some(({ requested }) => requested > 0)
    ? describeVirtioMem(definition.cells, definition.virtioMem)
    : `${formatMib(definition.memory)} of base memory`;
  const sentence = `set the definition to ${what} for the next boot`;
  return [...(otherNodes ? [redefine] : []), { kind: "define", definition, sentence }];
}

/**
 * The steps that give the next boot the present memory of the running domain, after an update ended halfway. The nodes
 * don't change.
 */
export function definitionOfPresent(desired: DesiredMemory, observed: Observed): Step[] {
  const { live } = observed;
  const { shares, ...rest } = desired;
  const nodes = observed.nextBoot?.cells.length;
  const present = { ...rest, ...(shares?.length === nodes && shares && { shares }) };
  return live === undefined ? [] : definitionSteps({ ...present, memory: live.memory }, observed, {});
}
