import { AsyncLocalStorage } from "node:async_hooks";
import { ALWAYS_SECRET, argumentOf, derivedOutputs } from "../sdk/secret-arguments.ts";
import { OUTCOME_INPUTS } from "./args/inputs.ts";
import { mask } from "./args/redact.ts";
import { SECRET, SIGNATURE } from "./args/secret-mark.ts";
import {
  hasFormerSize,
  type SecretMarked,
  type SecretValues,
  secretArguments,
  secretPaths,
  secretValues,
} from "./args/secrets.ts";
import type { EngineLog } from "./engine/log.ts";
import { forUser, PartialError, UserError } from "./errors.ts";
import { type Quoted, withholdingQuotes } from "./message-of.ts";

type Properties = Record<string, unknown>;

const current = new AsyncLocalStorage<SecretValues>();

/** Marks what is secret in properties, as Pulumi's engine reads it. */
export type Mark = <T extends object>(properties: T) => T;

/**
 * Runs an operation so that its messages and its error quote no secret argument.
 *
 * @param carriers the properties that the operation got, which say what is secret in them
 */
export async function keepSecrets<T>(carriers: Properties[], work: () => Promise<T>, mark: Mark): Promise<T> {
  const secrets = secretValues(...carriers);
  return current.run(secrets, () =>
    withholdingQuotes(secretQuotes(carriers, secrets), async () => {
      try {
        return await work();
      } catch (error) {
        throw maskedError(forUser(error), secrets, mark);
      }
    }),
  );
}

function secretQuotes(carriers: SecretMarked[], { texts }: SecretValues): Set<Quoted> {
  const isUriSecret = carriers.some((carrier) => secretArguments(carrier).has("uri"));
  return new Set<Quoted>([
    ...(texts.size > 0 ? (["argument"] as const) : []),
    ...(isUriSecret ? (["uri"] as const) : []),
  ]);
}

/** Masks the secrets of the operation that a message is from. */
export function maskedText(text: string): string {
  const secrets = current.getStore();
  return secrets === undefined ? text : mask(text, secrets);
}

/**
 * The line of a plan, which is secret itself where the new sizes are. Otherwise its figures are masked where the old ones were, or
 * may be those of the domain: it has both.
 */
export function maskedPlan(text: string, before: SecretMarked, news: SecretMarked): string {
  const secrets = current.getStore();
  const wereSecret = before.__secret === true || hasFormerSize(before) || hasFormerSize(news);
  const hasFigures = wereSecret && news.__secret !== true;
  return secrets === undefined ? text : mask(text, { ...secrets, hasFigures });
}

export function maskedLog(log: EngineLog): EngineLog {
  return {
    message: (urn, severity, text) => log.message(urn, severity, maskedText(text)),
    status: (urn, text) => log.status(urn, maskedText(text)),
  };
}

function maskedError(error: unknown, secrets: SecretValues, mark: Mark): unknown {
  if (!(error instanceof Error)) return error;
  const message = mask(error.message, secrets);
  if (error instanceof PartialError)
    return new PartialError(message, error.id, mark(error.properties), error.cause);
  if (error instanceof UserError) return new UserError(message, { code: error.code, cause: error.cause });
  // A fault of the provider: Pulumi's host prints its stack, which begins with its message.
  error.stack = mask(error.stack ?? "", secrets);
  error.message = message;
  return error;
}

/**
 * Marks what is secret in a result, as Pulumi's engine reads it from any provider. The engine itself only marks what has the
 * name of a secret argument of the program, and the class of the program can't know of values that check carries over.
 *
 * @param always what is secret whatever the program says: the whole argument is marked
 */
export function withSecretMarks<T extends object>(result: T, always: readonly string[] = ALWAYS_SECRET): T {
  const { __secret: isSizeSecret }: SecretMarked = result;
  const paths = secretPaths(result) ?? [];
  if (paths.length === 0) return result;
  const whole = paths.filter((path) => path === argumentOf(path) || always.includes(path)).map(argumentOf);
  const isSize = isSizeSecret === true;
  const names = new Set([...whole, ...derivedOutputs(paths, isSize), ...(isSize ? OUTCOME_INPUTS : [])]);
  return Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      names.has(name) && value !== undefined ? { [SIGNATURE]: SECRET, value } : value,
    ]),
  ) as T;
}
