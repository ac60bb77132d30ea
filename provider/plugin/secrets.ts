import { affectsSizes, argumentOf } from "../../sdk/secret-arguments.ts";
import { isField } from "../args/fields.ts";
import { isWithin } from "../args/property-path.ts";
import { SIGNATURE } from "../args/secret-mark.ts";
import { type SecretMarked, secretArguments, secretPaths } from "../args/secrets.ts";
import { withSecretMarks } from "../secret-operation.ts";
import { type Properties, type Received, secret } from "./values.ts";

/**
 * What the class of the dynamic provider passes on about secrets, from the wrappings of the values themselves. What an earlier
 * check noted is kept: the engine may have put an old value back (ignoreChanges).
 */
export function secretMarks({ secrets }: Received, noted: SecretMarked = {}): SecretMarked {
  const known = secretPaths(noted) ?? [];
  const follows = secretArguments(noted);
  const added = secrets.filter(
    (path) =>
      isField(argumentOf(path)) &&
      !known.some((other) => isWithin(path, other)) &&
      // A default that follows from a secret, which check marked.
      !(path === argumentOf(path) && follows.has(path) && !known.some((other) => argumentOf(other) === path)),
  );
  const paths = [...known, ...added];
  return {
    ...(paths.length > 0 && { __secrets: paths }),
    ...((noted.__secret === true || paths.some(affectsSizes)) && { __secret: true }),
  };
}

/** Inputs as check returned them, with what the engine marked as secret since. */
export function withMarks(inputs: Received): Properties {
  return { ...inputs.value, ...secretMarks(inputs, inputs.value) };
}

/**
 * Marks whatever is secret or follows from a secret, at any depth. With `acceptSecrets` the engine marks nothing itself.
 */
export function withAllSecretMarks<T extends SecretMarked>(properties: T): T {
  const paths = secretPaths(properties) ?? [];
  const whole = withSecretMarks(properties, []) as Properties;
  const marked: Properties = { ...whole };
  for (const name of secretArguments(properties))
    if (!paths.some((path) => argumentOf(path) === name) && marked[name] !== undefined)
      marked[name] = wrapped(marked[name]);
  return withMarksAt(marked, paths) as T;
}

/** Marks the output `uri` where it is the secret one of the configuration. */
export function withSecretUri<T extends object>(properties: T, uri: string | undefined): T {
  if (uri === undefined || Reflect.get(properties, "uri") !== uri) return properties;
  return { ...properties, uri: secret(uri) };
}

/** Marks the values at these paths, unless they are inside of a secret already. */
export function withMarksAt(properties: Properties, paths: readonly string[]): Properties {
  return paths.reduce<Properties>(
    (marked, path) =>
      markedAt(
        marked,
        [...path.matchAll(/[^.[\]]+/g)].map(([key]) => key),
      ) as Properties,
    properties,
  );
}

function markedAt(value: unknown, [key, ...rest]: string[]): unknown {
  if (key === undefined) return wrapped(value);
  if (typeof value !== "object" || value === null || isWrapped(value) || !Object.hasOwn(value, key))
    return value;
  const inner = markedAt(Reflect.get(value, key), rest);
  if (Array.isArray(value)) return value.with(Number(key), inner);
  return { ...value, [key]: inner };
}

function wrapped(value: unknown): unknown {
  return value === undefined || isWrapped(value) ? value : secret(value);
}

function isWrapped(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, SIGNATURE);
}
