import type { Failure } from "./failure.ts";

/** Inputs that say whether a size or the XML is secret. */
interface SecretMarked {
  __secret?: boolean;
}

/** The arguments that {@link SecretMarked} covers. */
const MAY_BE_SECRET: readonly string[] = ["memory", "maxMemory", "currentMemory", "xml"];

/**
 * Names the argument in the reason where its value may be secret: Pulumi's engine prints the value of the argument that a
 * failure is at, also if it is secret.
 */
export function redactFailure(failure: Failure, inputs: SecretMarked): Failure {
  const { property, reason } = failure;
  if (inputs.__secret !== true || !MAY_BE_SECRET.includes(property)) return failure;
  return { property: "", reason: reason.startsWith(`${property} `) ? reason : `${property} ${reason}` };
}

/** Masks the figures in a message if a value that they may come from is secret. */
export function redact(text: string, ...inputs: SecretMarked[]): string {
  return inputs.some(({ __secret }) => __secret === true) ? text.replace(/\d+/g, "…") : text;
}
