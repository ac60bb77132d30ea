import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import type { Properties } from "./properties.ts";
import {
  EXPECTED,
  outputOf,
  type PulumiOutput,
  type ResourceStep,
  refreshed,
  stepOf,
  withFailure,
} from "./pulumi-output.ts";

/** What other tools write, by a field that only they have. */
const OTHER_TOOLS: [field: string, tool: string][] = [
  ["resource_changes", "terraform show -json"],
  ["planned_values", "terraform show -json"],
  ["terraform_version", "Terraform"],
  ["@level", "terraform plan -json"],
  ["Changes", "AWS CloudFormation"],
  ["deployment", "pulumi stack export, which has no plan"],
];

export function parseDocument(document: Properties, what: string): PulumiOutput {
  const other = OTHER_TOOLS.find(([field]) => Object.hasOwn(document, field));
  if (other !== undefined) throw new InputError(`${what} is the output of ${other[1]}; ${EXPECTED}`);
  if (Object.hasOwn(document, "resourcePlans"))
    throw new InputError(`${what} is a plan of pulumi preview --save-plan, which has no state; ${EXPECTED}`);
  const { steps, config, diagnostics, changeSummary } = document;
  if (!Array.isArray(steps)) {
    // A preview that fails at once may have no step. The stack itself is one of a preview that succeeds.
    if (!Array.isArray(diagnostics) && !isRecord(changeSummary))
      throw new InputError(`${what} has no "steps"; ${EXPECTED}`);
    const output = outputOf(what, "preview", [], config, diagnostics);
    return isRecord(changeSummary) ? output : withFailure(output);
  }
  const read = steps.map((step, index) => documentStep(step, `${what}: steps[${index}]`));
  if (isRefresh(read)) throw refreshed(what);
  return outputOf(what, "preview", read, config, diagnostics);
}

/** Without a step of the program's, which the stack has in each preview, and after the refresh of a preview. */
function isRefresh(steps: ResourceStep[]): boolean {
  const rest = new Set(steps.filter(({ op }) => op !== "refresh").map(({ urn }) => urn));
  const read = steps.filter(({ op }) => op === "refresh");
  return read.length > 0 && read.every(({ urn }) => !rest.has(urn));
}

function documentStep(step: unknown, what: string): ResourceStep {
  if (!isRecord(step)) throw new InputError(`${what} is not an object; ${EXPECTED}`);
  const { op, urn, oldState, newState, diffReasons, replaceReasons, detailedDiff } = step;
  if (typeof op !== "string" || typeof urn !== "string")
    throw new InputError(`${what} has no "op" and "urn"; ${EXPECTED}`);
  return {
    ...stepOf({
      op,
      urn,
      old: oldState,
      now: newState,
      differs: [diffReasons, replaceReasons, detailedDiff],
    }),
    ...(isContinued(step) && { isContinued: true as const }),
  };
}

/**
 * Whether a replace only continues an earlier one. The engine also marks the state of a resource that this preview would delete, but
 * has a reason for that.
 */
function isContinued({ op, oldState, newState, replaceReasons, detailedDiff }: Properties): boolean {
  if (op !== "replace" || !isRecord(oldState) || oldState.pendingReplacement !== true) return false;
  const hasTrigger = [oldState, newState].some(
    (state) => isRecord(state) && Object.hasOwn(state, "replacementTrigger"),
  );
  const kinds = isRecord(detailedDiff) ? Object.values(detailedDiff).filter(isRecord) : [];
  const isAsked = kinds.some(({ kind }) => typeof kind === "string" && kind.endsWith("-replace"));
  return !hasTrigger && !isAsked && !(Array.isArray(replaceReasons) && replaceReasons.length > 0);
}
