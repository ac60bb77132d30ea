import { isDeepStrictEqual } from "node:util";
import {
  ALWAYS_SECRET,
  affectsSizes,
  argumentOf,
  FORMER_SECRETS,
  isFormerSize,
} from "../../sdk/secret-arguments.ts";
import type { Inputs } from "./inputs.ts";
import { isWithin } from "./property-path.ts";
import {
  type FormerSecrets,
  hasFormerSize,
  isFigure,
  quotableLeaves,
  type SecretMarked,
  secretArguments,
  secretPaths,
  valueAt,
} from "./secrets.ts";

type Carrier = SecretMarked & Partial<Inputs>;

/**
 * What the domain of a changed program may still have of secret values that the program no longer has: a size until the domain is
 * started with another one, a file until its disk is detached. A value that the program has in plain isn't secret any more.
 *
 * @param old the inputs that the state has
 * @param inputs those of the changed program
 * @param paths what is secret in them
 */
export function formerSecrets(old: Carrier, inputs: Carrier, paths: readonly string[]): FormerSecrets {
  const secret = secretArguments({ __secrets: [...paths] });
  const isKept = (path: string) =>
    (paths.some((outer) => isWithin(path, outer)) || secret.has(path)) &&
    isDeepStrictEqual(valueAt(old, path), valueAt(inputs, path));
  const former: FormerSecrets = { ...recordedFormer(old) };
  for (const path of everySecretPath(old)) {
    const name = argumentOf(path);
    // No output has a password, and none shows what a hook or a time-out was.
    if (isKept(path) || ALWAYS_SECRET.some((one) => one === path)) continue;
    const found = quotableLeaves(valueAt(old, path)).filter((leaf) => affectsSizes(path) || isText(leaf));
    if (found.length > 0) former[name] = [...new Set([...(former[name] ?? []), ...found])];
  }
  return withoutPlain(former, inputs, secret);
}

function withoutPlain(former: FormerSecrets, inputs: Carrier, secret: ReadonlySet<string>): FormerSecrets {
  const entries = Object.entries(former).map(([name, values]) => {
    const plain = secret.has(name) ? [] : quotableLeaves(valueAt(inputs, name));
    return [name, values.filter((value) => !plain.includes(value))] as const;
  });
  return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
}

/** The inputs of a changed program, with what its domain may still have of secrets in the earlier inputs. */
export function withFormerSecrets<Marked extends Partial<Inputs>>(old: Carrier, inputs: Marked): Marked {
  const { __formerSecrets: _, __secrets: paths = [], ...rest } = inputs;
  const present = presentPaths(paths);
  return { ...(rest as Marked), ...formerMarks(formerSecrets(old, inputs, present), present) };
}

/**
 * The inputs without former secrets that the domain no longer has.
 *
 * @param isMade every size of the domain follows from the program
 * @param known what is known of the domain
 */
export function withoutFormerSecrets<Marked extends Partial<Inputs>>(
  inputs: Marked,
  isMade: boolean,
  known: unknown,
): Marked {
  const { __formerSecrets: _, __secrets: paths = [], ...rest } = inputs;
  const text = JSON.stringify(known);
  const remaining = Object.entries(recordedFormer(inputs)).flatMap(([name, values]) => {
    const isSize = isFormerSize(`${FORMER_SECRETS}.${name}`);
    const left = isSize && !isMade ? values : values.filter((value) => isQuotedIn(text, value));
    return left.length === 0 ? [] : [[name, left]];
  });
  return { ...(rest as Marked), ...formerMarks(Object.fromEntries(remaining), presentPaths(paths)) };
}

/** The inputs with values that were found in the domain. They are secret where they may be former ones. */
export function withFound<Marked extends Partial<Inputs>>(inputs: Marked, found: Partial<Inputs>): Marked {
  const { __formerSecrets: former, __secrets: paths = [] } = inputs;
  const names = Object.keys(found).filter(
    (name) => former?.[name] !== undefined || (hasFormerSize(inputs) && affectsSizes(name)),
  );
  if (names.length === 0) return { ...inputs, ...found };
  return {
    ...{ ...inputs, ...found, __secrets: [...new Set([...paths, ...names])] },
    ...(names.some(affectsSizes) && { __secret: true }),
  };
}

/**
 * The marks of inputs with these former secrets.
 *
 * @param paths what is secret in them
 */
export function formerMarks(former: FormerSecrets, paths: readonly string[]): SecretMarked {
  const names = Object.keys(former);
  const all = [...paths, ...names.map((name) => `${FORMER_SECRETS}.${name}`)];
  return {
    ...(all.length > 0 && { __secrets: all }),
    ...(names.length > 0 && { __formerSecrets: former }),
  };
}

function presentPaths(paths: readonly string[]): string[] {
  return paths.filter((path) => argumentOf(path) !== FORMER_SECRETS);
}

/** A state that was edited may have anything there. */
function recordedFormer({ __formerSecrets: noted }: SecretMarked): FormerSecrets {
  if (typeof noted !== "object" || noted === null) return {};
  return Object.fromEntries(Object.entries(noted).map(([name, values]) => [name, quotableLeaves(values)]));
}

/** Also the arguments whose value follows from a secret one. */
function everySecretPath(carrier: Carrier): string[] {
  const paths = presentPaths(secretPaths(carrier) ?? []);
  const named = new Set(paths.map(argumentOf));
  const followers = [...secretArguments(carrier)].filter(
    (name) => name !== FORMER_SECRETS && !named.has(name),
  );
  return [...paths, ...followers];
}

/** Figures are in a domain in many forms. */
function isText(leaf: string | number): boolean {
  return typeof leaf === "string" && !isFigure(leaf);
}

function isQuotedIn(json: string, value: string | number): boolean {
  return isText(value) && json.includes(JSON.stringify(value).slice(1, -1));
}
