import { argumentOf } from "../../sdk/secret-arguments.ts";
import type { Failure } from "./failure.ts";
import { type SecretMarked, type SecretValues, secretArguments, secretValues } from "./secrets.ts";

const MASK = "…";

/** All figures except a place in the program's XML, and the name of its encoding. */
const FIGURES = /(?<!\b(?:line |column |UTF-)\d*)\d+/g;

/**
 * Names the argument in the reason where its value has a secret: Pulumi's engine prints the value of the argument that a
 * failure is at, also if it is secret.
 */
export function redactFailure({ property, reason }: Failure, inputs: SecretMarked): Failure {
  if (property === "" || !secretArguments(inputs).has(argumentOf(property))) return { property, reason };
  const named = reason.startsWith(`${property} `) ? reason.slice(property.length + 1) : reason;
  return { property: "", reason: `${property} (secret) ${named}` };
}

/** Masks in a message what may come from a secret: the secret texts, and every figure where a number or a size is secret. */
export function redact(text: string, ...inputs: SecretMarked[]): string {
  return mask(text, secretValues(...inputs));
}

export function mask(text: string, { texts, hasFigures }: SecretValues): string {
  const quoted = formsIn(text, texts);
  const masked = quoted.length === 0 ? text : text.replace(anyOf(quoted), MASK);
  return hasFigures ? masked.replace(FIGURES, MASK) : masked;
}

/** The secret texts in a message, in each way of writing that messages have. */
function formsIn(message: string, texts: ReadonlySet<string>): string[] {
  const lower = message.toLowerCase();
  const forms = [...texts]
    .filter((text) => text.length <= message.length)
    .flatMap((text) =>
      PLAIN.test(text) ? text : [text, JSON.stringify(text).slice(1, -1), inXml(text), inUri(text)],
    );
  return [...new Set(forms)].filter((form) => lower.includes(form.toLowerCase()));
}

/** Text that JSON, XML and URIs don't escape. */
const PLAIN = /^[A-Za-z0-9_./:-]*$/;

/** A short text is only found as a whole word, so that "a" doesn't mask every a. */
const SHORT = 4;

/** The longest first: one may be part of another. */
function anyOf(forms: readonly string[]): RegExp {
  const literals = forms
    .toSorted((a, b) => b.length - a.length)
    .map((form) => {
      const literal = form.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
      return form.length < SHORT ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
    });
  return new RegExp(literals.join("|"), "giu");
}

function inUri(text: string): string {
  return text.isWellFormed() ? encodeURI(text) : text;
}

function inXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("'", "&apos;");
}
