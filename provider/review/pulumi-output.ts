import { argumentOf } from "../../sdk/secret-arguments.ts";
import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import type { Properties } from "./properties.ts";
import { typeIn } from "./urn.ts";

/** What the engine does to one resource. */
export interface ResourceStep {
  op: string;
  urn: string;
  type: string;
  old?: ResourceState;
  new?: ResourceState;
  /** The arguments that differ. */
  differs: string[];
  /** Why the step failed, or that it did. */
  failed?: true;
  /** It failed after it had made or changed the resource. */
  partial?: true;
  /** Of an update: the step is over. */
  done?: true;
  /** Of a replace: nothing asks for it except for an earlier one, which deleted the resource and didn't create it again. */
  isContinued?: true;
}

export interface ResourceState {
  inputs: Properties;
  outputs?: Properties;
  /** The reference to its provider. */
  provider?: string;
  /** A provider has it. The others are components of the program. */
  isCustom: boolean;
  /** Where the program creates the resource. */
  positions: string[];
  /** The resource option `retainOnDelete`: the engine deletes nothing but the resource. */
  isRetained: boolean;
  /** The resource option `deletedWith`: the URN of the resource whose deletion replaces that of this one. */
  deletedWith?: string;
  /** An earlier run replaced it, and ended before it deleted it. */
  isLeftOver: boolean;
}

/** A message about a resource, or about the whole run. */
export interface Diagnostic {
  urn?: string;
  severity: string;
  message: string;
}

/** What the CLI wrote about a preview or an update. */
export interface PulumiOutput {
  /** Names the input in errors. */
  what: string;
  kind: "preview" | "update";
  config: Properties;
  steps: ResourceStep[];
  diagnostics: Diagnostic[];
  /** Of an update: the steps of its preview, where the output has that. */
  planned?: ResourceStep[];
}

/** For errors about the input. */
export const EXPECTED = "expected the output of pulumi preview --json, or of pulumi up --json for --after";

export function outputOf(
  what: string,
  kind: PulumiOutput["kind"],
  steps: ResourceStep[],
  config: unknown,
  diagnostics: unknown,
): PulumiOutput {
  const messages = (Array.isArray(diagnostics) ? diagnostics : []).filter(isRecord);
  return {
    what,
    kind,
    steps,
    config: isRecord(config) ? config : {},
    diagnostics: messages.flatMap((one, index) =>
      diagnosticOf(isProgramError(one, messages[index + 1]) ? { ...one, severity: "error" } : one),
    ),
  };
}

/** A run may fail without an error, because of a policy for example. */
export function withFailure(output: PulumiOutput): PulumiOutput {
  const { diagnostics } = output;
  if (diagnostics.some(({ severity }) => severity === "error")) return output;
  return { ...output, diagnostics: [...diagnostics, { severity: "error", message: "run failed" }] };
}

/** The error for a run that only reads the domains. */
export function refreshed(what: string): InputError {
  return new InputError(`${what} is the output of pulumi refresh, which changes no domain; ${EXPECTED}`);
}

interface RawStep {
  op: string;
  urn: string;
  type?: unknown;
  old: unknown;
  now: unknown;
  /** Lists of names, or objects by path. */
  differs: unknown[];
}

export function stepOf({ op, urn, type, old, now, differs }: RawStep): ResourceStep {
  const before = stateOf(old);
  const after = stateOf(now);
  const names = differs.flatMap((one) =>
    Array.isArray(one)
      ? one.filter((name) => typeof name === "string")
      : isRecord(one)
        ? Object.keys(one)
        : [],
  );
  return {
    op,
    urn,
    type: typeof type === "string" ? type : typeIn(urn),
    differs: [...new Set(names.map(argumentOf))],
    ...(before && { old: before }),
    ...(after && { new: after }),
  };
}

function stateOf(state: unknown): ResourceState | undefined {
  if (!isRecord(state)) return undefined;
  const { inputs, outputs, provider, sourcePosition, stackTrace } = state;
  const { custom, retainOnDelete, deletedWith, delete: isLeftOver } = state;
  const frames = Array.isArray(stackTrace) ? stackTrace.filter(isRecord) : [];
  const positions = [sourcePosition, ...frames.map((frame) => frame.sourcePosition)];
  return {
    inputs: isRecord(inputs) ? inputs : {},
    ...(isRecord(outputs) && { outputs }),
    ...(typeof provider === "string" && { provider }),
    ...(typeof deletedWith === "string" && deletedWith !== "" && { deletedWith }),
    positions: positions.filter((position) => typeof position === "string"),
    isCustom: custom === true,
    isRetained: retainOnDelete === true,
    isLeftOver: isLeftOver === true,
  };
}

/** How Pulumi's YAML reports an error of the program, without the severity of one: in colours, or with the place in the next message. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const COLOURED_ERROR = /^\u001b\[31mError\u001b\[0m: /;
const PLACE_OF_ERROR = /^ {2}on \S+ line \d+/;

function isProgramError({ urn, severity, message }: Properties, next: Properties | undefined): boolean {
  if (severity !== "info#err" || typeof message !== "string" || (urn !== undefined && urn !== ""))
    return false;
  if (COLOURED_ERROR.test(message)) return true;
  return message.startsWith("Error: ") && PLACE_OF_ERROR.test(String(next?.message));
}

/** Colours: as the engine writes them, `<{%reset%}>`, which an event log may keep, and as a terminal takes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const COLOURS = /<\{%[^%]*%\}>|\u001b\[[\d;]*m/g;

function diagnosticOf({ urn, severity, message, ephemeral }: Properties): Diagnostic[] {
  if (typeof message !== "string" || typeof severity !== "string" || ephemeral === true) return [];
  return [
    {
      severity,
      message: message.replace(COLOURS, ""),
      ...(typeof urn === "string" && urn !== "" && { urn }),
    },
  ];
}
