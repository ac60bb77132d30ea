import { derivedOutputs } from "../../sdk/secret-arguments.ts";
import { isMarkedSecret } from "../args/secret-mark.ts";
import { hasFormerSize, type SecretMarked, secretArguments, secretPaths } from "../args/secrets.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { isRecord } from "../is-record.ts";
import type { Properties } from "./properties.ts";

/** What the CLI prints instead of a secret. */
const PRINTED = "[secret]";

/** Whether the CLI printed this instead of a secret. */
export function isPrinted(value: unknown): boolean {
  return value === PRINTED;
}

/** Properties in which every secret is unknown, and their names. */
export interface WithoutSecrets {
  properties: Properties;
  secrets: ReadonlySet<string>;
}

/**
 * Removes what is secret: what the CLI has masked or encrypted, and what the provider marked, which `--show-secrets` prints.
 */
export function withoutSecrets(properties: Properties): WithoutSecrets {
  const marked = markedNames(properties);
  const secrets = new Set<string>();
  const shown = Object.entries(properties).map(([name, value]): [string, unknown] => {
    const isSecret = marked.has(name) || containsSecret(value);
    if (isSecret && value !== undefined) secrets.add(name);
    // A plan with an argument that is known in part would be a plan for another program.
    return [name, isSecret ? UNKNOWN : value];
  });
  return { properties: Object.fromEntries(shown), secrets };
}

function markedNames(properties: SecretMarked): ReadonlySet<string> {
  const paths = secretPaths(properties) ?? [];
  const isSizeSecret = properties.__secret === true;
  const derived =
    isSizeSecret || hasFormerSize(properties)
      ? derivedOutputs(paths.length > 0 ? paths : ["memory"], true)
      : [];
  const planned = isSizeSecret ? ["memoryPlan"] : [];
  return new Set([...secretArguments(properties), ...derived, ...planned]);
}

function containsSecret(value: unknown): boolean {
  if (isPrinted(value)) return true;
  if (Array.isArray(value)) return value.some(containsSecret);
  if (!isRecord(value)) return false;
  return isMarkedSecret(value) || Object.values(value).some(containsSecret);
}
