import { UNKNOWN, UNKNOWNS } from "../../provider/args/unknown.ts";
import { secretsIn } from "./sdk-marks.ts";

/** A property of a resource, as far as a policy may use it. */
export type Figure<T> =
  | { kind: "known"; value: T }
  /** Only known during `pulumi up`, at any depth. */
  | { kind: "unknown" }
  /** It must not be in a message, and its size can't be judged without giving it away. */
  | { kind: "secret" }
  | { kind: "absent" };

/** Reads properties as @pulumi/policy gives them to a policy: each access to an unknown one throws. */
export class Properties {
  readonly #props: Record<string, unknown>;
  readonly #secrets: ReadonlySet<string> | undefined;

  constructor(props: Record<string, unknown>) {
    this.#props = props;
    this.#secrets = secretsIn(props);
  }

  /** Whether it is known which properties are secret. */
  get showsSecrets(): boolean {
    return this.#secrets !== undefined;
  }

  /** Whether there are any: Pulumi gives none of a resource that is neither a target nor in the stack yet. */
  get isEmpty(): boolean {
    return Object.keys(this.#props).length === 0;
  }

  isSecret(name: string): boolean {
    return this.#secrets === undefined || this.#secrets.has(name);
  }

  /** The value with {@link UNKNOWN} for what isn't known, secret or not. */
  value(name: string): unknown {
    return copyOf(this.#props, name);
  }

  /** @param read undefined if the value isn't of the right form: it is of another version of the provider */
  figure<T>(name: string, read: (value: unknown) => T | undefined): Figure<T> {
    const value = this.value(name);
    if (value === undefined || value === null) return { kind: "absent" };
    if (this.isSecret(name)) return { kind: "secret" };
    if (value === UNKNOWN) return { kind: "unknown" };
    const found = read(value);
    return found === undefined ? { kind: "unknown" } : { kind: "known", value: found };
  }
}

function copyOf(holder: object, name: string): unknown {
  let value: unknown;
  try {
    value = Reflect.get(holder, name);
  } catch (error) {
    if (error instanceof Error && "unknownTypeSentinel" in error) return UNKNOWN;
    throw error;
  }
  // Values of other types have other markers (proxy.js).
  if (UNKNOWNS.has(value)) return UNKNOWN;
  if (typeof value !== "object" || value === null) return value;
  const inner = value;
  const keys = Object.keys(inner);
  if (Array.isArray(inner)) return keys.map((key) => copyOf(inner, key));
  return Object.fromEntries(keys.map((key) => [key, copyOf(inner, key)]));
}
