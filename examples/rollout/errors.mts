import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** An error of a run. */
export interface RunError {
  /** The name of its resource; undefined for one of the program or the CLI. */
  resource?: string;
  text: string;
}

/** Why a run failed: the errors of resources, or those of the program, or the CLI's. */
export function errorsOf(events: readonly EngineEvent[], error: unknown): RunError[] {
  const errors = events.flatMap(({ diagnosticEvent: one }) => (one?.severity === "error" ? [one] : []));
  const ofResources = errors.flatMap(({ urn, message }) =>
    urn === undefined || urn === "" || isStack(urn)
      ? []
      : [{ resource: nameIn(urn), text: withoutFrame(message) }],
  );
  const all: RunError[] =
    ofResources.length > 0 ? ofResources : errors.map(({ message }) => ({ text: withoutFrame(message) }));
  return all.length > 0 ? all : [{ text: messageOf(error) }];
}

function isStack(urn: string): boolean {
  return urn.split("::")[2] === "pulumi:pulumi:Stack";
}

function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** Without what Pulumi puts before a provider's own message, and after a program's. */
function withoutFrame(message: string): string {
  return message
    .replace(/^1 error occurred:\s*\* /, "")
    .replace(/(\n +at .*)+/g, "")
    .trim();
}

/** Of a command that failed, the Automation API puts all of its output around Pulumi's own message. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const killed = /Command was killed with (\w+)/.exec(text)?.[1];
  if (killed !== undefined)
    return `Pulumi was ended by ${killed}; if its stack is locked now, run pulumi cancel`;
  return (/^(?: stderr: )?error: (.*)$/m.exec(text)?.[1] ?? text).trim();
}

/** Stacks run in parallel: each line has the name of its stack, and of the resource. */
export function linesOf(stack: string, { resource, text }: RunError): string[] {
  const start = [stack, ...(resource === undefined ? [] : [resource])].join("  ");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `${start}  ${line.trimEnd()}`);
}
