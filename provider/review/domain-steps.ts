import { DYNAMIC_TYPE, PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { InputError } from "../command/command.ts";
import { foreignText } from "../foreign-text.ts";
import type { PulumiOutput, ResourceState, ResourceStep } from "./pulumi-output.ts";
import { nameIn, typeIn } from "./urn.ts";

/** What a run does to a domain of this provider, as the engine named it. */
export interface DomainStep {
  urn: string;
  /** The resource's name in the program. */
  resource: string;
  op: DomainOperation;
  old?: ResourceState;
  new?: ResourceState;
  /** The arguments that the engine found to differ. */
  differs: string[];
  /** The provider's messages: a line each, without their severity. */
  messages: Message[];
  failed: boolean;
  /** Of an update: all of it is over. */
  done: boolean;
  /** Of an update's replace: the old domain is deleted, and there isn't a new one. */
  isGone: boolean;
  /** The update ended before this step of its preview began. */
  isLeft: boolean;
  /** An earlier run deleted the domain for a replace, so this one only creates it. */
  isRecreated: boolean;
  /** The resource option `deletedWith`: the run deletes that other resource, and leaves this one's domain to it. */
  isDeletedWith: boolean;
  position?: Position;
}

export interface Message {
  severity: string;
  lines: string[];
}

/** A place in the program. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** `refuse`: the run failed before it knew what to do. */
export type DomainOperation = "same" | "create" | "import" | "update" | "replace" | "delete" | "refuse";

/** How many other resources change, by operation. */
export type OtherSteps = Readonly<Record<string, number>>;

/** The other resources of a run. */
export interface Others {
  all: OtherSteps;
  /** Of an update: those of them that failed, or that it didn't finish or begin. */
  left: OtherSteps;
}

/** The engine's names of operations. What isn't here is bookkeeping of the engine. */
const OPERATIONS: ReadonlyMap<string, DomainOperation> = new Map([
  ["same", "same"],
  ["create", "create"],
  ["import", "import"],
  ["update", "update"],
  ["delete", "delete"],
  ["replace", "replace"],
  ["create-replacement", "replace"],
  ["delete-replaced", "replace"],
  ["import-replacement", "replace"],
]);

/** The operations that delete a resource. */
const DELETIONS: ReadonlySet<string> = new Set(["delete", "delete-replaced", "replace"]);

const TYPES: ReadonlySet<string> = new Set([DYNAMIC_TYPE, PLUGIN_TYPE]);

/** The stack itself and its providers, which aren't counted as resources. */
const OF_ENGINE = /^pulumi:(?:pulumi:Stack|providers:.*)$/;

/**
 * The steps of this provider's domains, one for each, in the order of the output; and how many other resources change.
 *
 * @throws InputError
 */
export function domainSteps({ what, steps, diagnostics, planned = [] }: PulumiOutput): {
  domains: DomainStep[];
  others: Others;
} {
  const { found, others } = collected(steps);
  for (const { urn = "", severity, message } of diagnostics) {
    const known = found.get(urn);
    const errors = errorsIn(message)
      .map((text) => ({ severity, lines: linesOf(text) }))
      .filter(({ lines }) => lines.length > 0);
    if (known !== undefined) known.messages.push(...errors);
    else if (severity === "error" && errors.length > 0 && TYPES.has(typeIn(urn)))
      found.set(urn, { ...without(urn), messages: errors });
  }
  const preview = collected(planned);
  addPlanned(found, preview.found);
  addPlanned(others, preview.others);
  for (const step of found.values()) requireStates(step, what);
  const changing = [...others.values()].filter(({ op }) => op !== "same");
  return {
    domains: [...found.values()],
    others: { all: counted(changing), left: counted(changing.filter((step) => !isDone(step))) },
  };
}

/** Adds what the update didn't begin. */
function addPlanned(steps: Map<string, DomainStep>, planned: ReadonlyMap<string, DomainStep>): void {
  for (const step of planned.values()) {
    const known = steps.get(step.urn);
    if (known === undefined && step.op !== "same")
      steps.set(step.urn, { ...step, done: false, isLeft: true });
    // A replace that ended after the deletion has no arguments.
    else if (known?.op === step.op && known.new === undefined && step.new !== undefined) known.new = step.new;
  }
}

/** A component has no end of its own. */
function isDone({ old, new: now, failed, done, isLeft }: DomainStep): boolean {
  return !failed && !isLeft && (done || (now ?? old)?.isCustom === false);
}

function collected(steps: readonly ResourceStep[]): {
  found: Map<string, DomainStep>;
  others: Map<string, DomainStep>;
} {
  const found = new Map<string, DomainStep>();
  const others = new Map<string, DomainStep>();
  // The deletion of what an interrupted replace left isn't that of the resource, which has steps of its own.
  const isLeftOver = ({ op, old }: ResourceStep) => op === "delete" && old?.isLeftOver === true;
  const deleted = new Set(steps.filter(({ op }) => DELETIONS.has(op)).map(({ urn }) => urn));
  for (const step of [...steps].sort((a, b) => Number(isLeftOver(a)) - Number(isLeftOver(b)))) {
    const op = OPERATIONS.get(step.op);
    if (op === undefined || OF_ENGINE.test(step.type)) continue;
    const group = TYPES.has(step.type) ? found : others;
    if (!(isLeftOver(step) && group.has(step.urn)))
      group.set(step.urn, merged(group.get(step.urn), step, op, deleted));
  }
  const parts = Map.groupBy(steps, ({ urn }) => urn);
  for (const step of found.values())
    if (isPending(step, parts.get(step.urn) ?? [])) found.set(step.urn, recreated(step));
  return { found, others };
}

/** A log has the deletion of each domain that is replaced, since it comes before the creation. */
function isPending({ op }: DomainStep, parts: readonly ResourceStep[]): boolean {
  if (op !== "replace") return false;
  const has = (...ops: string[]) => parts.some((part) => ops.includes(part.op));
  return (
    parts.some(({ isContinued }) => isContinued) ||
    (has("create-replacement", "import-replacement") && !has("delete-replaced"))
  );
}

function recreated({ old: _, ...step }: DomainStep): DomainStep {
  return { ...step, op: "create", isRecreated: true };
}

function counted(steps: readonly DomainStep[]): OtherSteps {
  const counts = Object.entries(Object.groupBy(steps, ({ op }) => op));
  return Object.fromEntries(counts.map(([op, all]) => [op, all.length]));
}

/** What an operation needs of the resource's states. */
const NEEDS: Readonly<Partial<Record<DomainOperation, ("old" | "new")[]>>> = {
  create: ["new"],
  update: ["old", "new"],
  replace: ["old"],
  delete: ["old"],
};

/** @throws InputError for what the CLI wrote before it had the states in its output */
function requireStates(step: DomainStep, what: string): void {
  const missing = NEEDS[step.op]?.find((state) => step[state] === undefined);
  if (missing === undefined) return;
  throw new InputError(
    `${what}: the ${step.op} of ${JSON.stringify(foreignText(step.resource))} has no ${missing}State, which pulumi preview --json of Pulumi 3 has; upgrade the CLI, and run it again`,
  );
}

function without(urn: string): DomainStep {
  return {
    urn,
    resource: nameIn(urn),
    op: "refuse",
    differs: [],
    messages: [],
    failed: true,
    done: false,
    isGone: false,
    isLeft: false,
    isRecreated: false,
    isDeletedWith: false,
  };
}

/** The parts of a replace, and whether they make the new domain. The part "replace" has no change of its own. */
const CREATES: ReadonlyMap<string, boolean> = new Map([
  ["delete-replaced", false],
  ["replace", false],
  ["create-replacement", true],
  ["import-replacement", true],
]);

function isGoneAfter(known: DomainStep | undefined, { op, done, partial }: ResourceStep): boolean {
  const creates = CREATES.get(op);
  if (creates === undefined) return false;
  if (creates) return known?.isGone === true && done !== true && partial !== true;
  // The engine deletes before it creates, or after it has created.
  return known?.done !== true && (known?.isGone === true || done === true);
}

/** A replace has a step for each of its parts. */
function merged(
  known: DomainStep | undefined,
  step: ResourceStep,
  op: DomainOperation,
  deleted: ReadonlySet<string>,
): DomainStep {
  const before = known?.old ?? step.old;
  const after = step.new ?? known?.new;
  const position = known?.position ?? positionOf(step.new ?? step.old);
  return {
    urn: step.urn,
    resource: nameIn(step.urn),
    op: known?.op === "replace" ? "replace" : op,
    differs: [...new Set([...(known?.differs ?? []), ...step.differs])],
    messages: known?.messages ?? [],
    failed: known?.failed === true || step.failed === true,
    // The creation decides on a replace.
    done: CREATES.get(step.op) === false ? known?.done === true : step.done === true,
    isGone: isGoneAfter(known, step),
    isLeft: false,
    isRecreated: false,
    isDeletedWith: before?.deletedWith !== undefined && deleted.has(before.deletedWith),
    ...(before && { old: before }),
    ...(after && { new: after }),
    ...(position && { position }),
  };
}

/** How the engine lists the errors of a resource that was made or changed in part. */
const ERROR_LIST = /^(?:error: )?(?:[^\n]*: )?\d+ errors? occurred:[ \t]*\n/;

function errorsIn(message: string): string[] {
  const [head] = ERROR_LIST.exec(message) ?? [];
  return head === undefined ? [message] : message.slice(head.length).split(/^[ \t]*\* /m);
}

/** A message as lines, without its severity. */
export function linesOf(message: string): string[] {
  return (
    message
      .replace(/^(?:warning|error|info): /, "")
      // The engine breaks a sentence before its reason.
      .replace(/\n(?=(?:as|because) )/g, " ")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
  );
}

const POSITION = /^project:\/\/\/(?<file>[^#]+)#(?<line>\d+)(?:,(?<column>\d+))?$/;

/** The innermost place in the project itself: not in a package that it uses. */
function positionOf(state: ResourceState | undefined): Position | undefined {
  for (const position of state?.positions ?? []) {
    const { file = "", line, column = 1 } = POSITION.exec(position)?.groups ?? {};
    const parts = decoded(file).split("/");
    if (line === undefined || parts.includes("..") || parts.includes("node_modules")) continue;
    return { file: parts.join("/"), line: Number(line), column: Number(column) };
  }
  return undefined;
}

function decoded(file: string): string {
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}
