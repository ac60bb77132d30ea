import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { type Plan, refuse, type Step } from "../plan.ts";
import { describeVirtioMem } from "../virtio-mem/resize.ts";
import { foldedDefinition, isDefined, memoryFixedElsewhere } from "./folded.ts";

/** Whether the program's list of NUMA nodes differs from what it was. */
interface Nodes {
  numaChanged?: boolean;
}

/** The steps that set the inactive definition; none where it is so already, and for a transient domain. */
export function definitionSteps(desired: DesiredMemory, observed: Observed, { numaChanged }: Nodes): Step[] {
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
  const sentence = `set the definition to ${what}, for the next boot`;
  return [...(otherNodes ? [redefine] : []), { kind: "define", definition, sentence }];
}

/**
 * The definition of a running domain that has another size than was asked for, since an update ended halfway: its next
 * boot has what it has now. Nodes stay as they are.
 */
export function definitionOfPresent(desired: DesiredMemory, observed: Observed): Step[] {
  const { live } = observed;
  const { shares, ...rest } = desired;
  const nodes = observed.nextBoot?.cells.length;
  const present = { ...rest, ...(shares?.length === nodes && shares && { shares }) };
  return live === undefined ? [] : definitionSteps({ ...present, memory: live.memory }, observed, {});
}

/** Of an adopted domain, and of XML of the program's own, check doesn't know the nodes. */
export function missingTargetNode(
  { target, shares }: DesiredMemory,
  nextBoot: MemoryView,
  { numaChanged }: Nodes,
): Plan | undefined {
  const ids = nextBoot.cells.map((cell) => cell.id);
  if (target === "spread" || ids.length === 0 || ids.includes(target)) return undefined;
  if (numaChanged && shares !== undefined) return undefined;
  const reason = `hotplug.targetNode is ${target}, and the domain has ${ids.length === 1 ? "node" : "nodes"} ${ids.join(", ")}`;
  return refuse(`${reason}; name one of them`, [{ code: "target-node-missing", text: reason }]);
}

/** Memory that others put into the definition leaves nothing for the node that takes the rest. */
export function belowLeastMemory(desired: DesiredMemory, observed: Observed, { numaChanged }: Nodes): Plan {
  const taken = formatMib(memoryFixedElsewhere(desired, observed, numaChanged));
  const node = desired.target === "spread" ? "the nodes that it is spread over" : `node ${desired.target}`;
  const reason = `${formatMib(desired.memory)} can't be defined: the definition has ${taken} in devices that others put there and in other nodes, which leaves nothing for ${node}`;
  return refuse(`${reason}; take those devices out, or ask for more than ${taken}`, [
    { code: "definition-too-small", text: reason },
  ]);
}
