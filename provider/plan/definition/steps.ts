import type { FieldName } from "../../args/fields.ts";
import { defined } from "../../defined.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { Observed } from "../observed.ts";
import {
  type DefineStep,
  definedMemory,
  definedVcpus,
  isDefine,
  type MemoryDefinition,
  type Step,
  type VcpuDefinition,
} from "../plan.ts";
import { formatList, formatTopology, formatVcpus } from "../text.ts";
import { describeVirtioMem } from "../virtio-mem/text.ts";
import { foldedDefinition, isDefined } from "./folded.ts";

/** The step that sets the inactive definition; none if nothing differs or the domain is transient. */
export function definitionSteps(
  desired: DesiredMemory,
  observed: Observed,
  { numaChanged }: { numaChanged?: boolean },
): DefineStep[] {
  const { nextBoot } = observed;
  if (nextBoot === undefined) return [];
  const definition = foldedDefinition(desired, observed, nextBoot, numaChanged);
  const isFirstCell = nextBoot.cells.length === 0;
  const otherNodes =
    numaChanged === true || (!isFirstCell && definition.cells.length !== nextBoot.cells.length);
  const isSet = isDefined(definition, nextBoot);
  if (isSet && !otherNodes) return [];
  return [defineStep(isSet ? undefined : definition, otherNodes ? ["numa"] : [])];
}

/** The step that sets the memory and the vCPUs of the definition, where they are given, and these arguments. */
export function defineStep(
  definition: MemoryDefinition | undefined,
  fields: FieldName[],
  vcpus?: VcpuDefinition,
): DefineStep {
  const changed = formatList(fields.map((name) => (name === "numa" ? "the NUMA nodes" : name)));
  const sizes = [...(definition ? [describeBoot(definition)] : []), ...(vcpus ? [describeVcpus(vcpus)] : [])];
  const set = `set the definition to ${formatList(sizes)} for the next boot`;
  const sentence =
    sizes.length === 0
      ? `change ${changed} in the definition`
      : `${set}${fields.length === 0 ? "" : `, and change ${changed} in it`}`;
  return { kind: "define", ...defined({ definition, vcpus }), fields, sentence };
}

function describeVcpus({ current, maximum, topology }: VcpuDefinition): string {
  const numbers = current === maximum ? formatVcpus(current) : `${current} of ${formatVcpus(maximum)}`;
  return topology === undefined ? numbers : `${numbers} in ${formatTopology(topology)}`;
}

function describeBoot({ memory, cells, virtioMem }: MemoryDefinition): string {
  return virtioMem?.some(({ requested }) => requested > 0)
    ? describeVirtioMem(cells, virtioMem)
    : `${formatMib(memory)} of base memory`;
}

/** The steps that must be done before the definition is set, so that it never has more than the domain. */
const BEFORE_DEFINE: ReadonlySet<Step["kind"]> = new Set([
  ...(["restore", "resume", "wake"] as const),
  ...(["stop", "attach", "detach", "resize", "plugVcpus", "unplugVcpus"] as const),
  ...(["attachDevice", "detachDevice", "updateDevice"] as const),
]);

/**
 * The steps of one update with a single definition: after the live steps, or between a stop and a start, which then brings
 * all of it.
 */
export function withOneDefinition(steps: Step[]): Step[] {
  const defines = steps.filter(isDefine);
  const rest = steps.filter((step) => !isDefine(step));
  const [only, ...more] = defines;
  if (only === undefined) return steps;
  const fields = [...new Set(defines.flatMap((step) => step.fields))];
  const whole = more.length === 0 ? only : defineStep(definedMemory(defines), fields, definedVcpus(defines));
  const end = rest.findLastIndex(({ kind }) => BEFORE_DEFINE.has(kind)) + 1;
  return [...rest.slice(0, end), whole, ...rest.slice(end)];
}

/**
 * The step that gives the next boot the present memory of the running domain, after an update ended halfway. The nodes
 * don't change.
 */
export function definitionOfPresent(desired: DesiredMemory, observed: Observed): DefineStep[] {
  const { live } = observed;
  const { shares, ...rest } = desired;
  const nodes = observed.nextBoot?.cells.length;
  const present = { ...rest, ...(shares?.length === nodes && shares && { shares }) };
  return live === undefined ? [] : definitionSteps({ ...present, memory: live.memory }, observed, {});
}
