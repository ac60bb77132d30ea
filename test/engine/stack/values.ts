/** A property value as it travels: JSON, in which objects with a signature key are secrets, references and the like. */
export type Value = null | boolean | number | string | Value[] | Props;
export interface Props {
  [key: string]: Value;
}

// The signatures are part of Pulumi's wire protocol and state format.
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** Stands for a value that is not known before an update has run. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isProps(value: unknown): value is Props {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function isSecret(value: Value | undefined): value is Props & { value: Value } {
  return isProps(value) && value[SIGNATURE] === SECRET;
}

export function secret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

function mapProps(props: Props, map: (value: Value) => Value): Props {
  return Object.fromEntries(
    Object.keys(props)
      .sort()
      .map((key) => [key, map(props[key] ?? null)]),
  );
}

function some(value: Value, test: (value: Value) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((item) => some(item, test));
  return isProps(value) && Object.values(value).some((item) => some(item, test));
}

export function containsSecret(value: Value): boolean {
  return some(value, isSecret);
}

export function containsUnknown(value: Value): boolean {
  return some(value, (part) => part === UNKNOWN);
}

/** A value as an SDK or a provider sends it; output values become plain, unknown or secret ones. */
function fromWire(value: unknown): Value {
  if (Array.isArray(value)) return value.map(fromWire);
  if (isProps(value)) {
    if (value[SIGNATURE] === OUTPUT_VALUE) {
      const inner = value.value === undefined ? UNKNOWN : fromWire(value.value);
      return value.secret ? secret(inner) : inner;
    }
    return mapProps(value, fromWire);
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return null;
}

export function propsFromWire(value: unknown): Props {
  const props = fromWire(value ?? {});
  if (!isProps(props)) throw new Error(`expected an object of properties, got ${JSON.stringify(value)}`);
  return props;
}

export interface Form {
  /** Values that are not known are kept as the sentinel, or left out. */
  unknowns: "keep" | "drop";
  /** Whether the provider takes secrets as such. */
  secrets?: boolean;
}

/** The form for a provider: of a resource reference the resource's id (a component's URN). */
export function propsToProvider(props: Props, form: Form): Props {
  const plain = toProvider(props, form);
  return isProps(plain) ? plain : {};
}

function toProvider(value: Value, form: Form): Value | undefined {
  if (value === UNKNOWN) return form.unknowns === "keep" ? value : undefined;
  if (Array.isArray(value)) {
    return value.map((item) => toProvider(item, form)).filter((item) => item !== undefined);
  }
  if (!isProps(value)) return value;
  if (isSecret(value)) {
    const inner = toProvider(value.value, form);
    return inner === undefined || !form.secrets ? inner : secret(inner);
  }
  if (value[SIGNATURE] === RESOURCE_REFERENCE) {
    if (value.id === undefined) return value.urn;
    return toProvider(value.id === "" ? UNKNOWN : value.id, form);
  }
  const plain: Props = {};
  for (const key of Object.keys(value).sort()) {
    const item = toProvider(value[key] ?? null, form);
    if (item !== undefined) plain[key] = item;
  }
  return plain;
}

/** The provider saw no secrets: marks again what carries the name of a secret property in `like`. */
export function markSecretsLike(props: Props, like: Props): Props {
  const marked: Props = { ...props };
  for (const [key, wanted] of Object.entries(like)) {
    const value = marked[key];
    if (value === undefined) continue;
    const nested = isProps(value) && isProps(wanted) && !(SIGNATURE in value) && !(SIGNATURE in wanted);
    if (nested) marked[key] = markSecretsLike(value, wanted);
    else if (containsSecret(wanted)) marked[key] = secret(value);
  }
  return marked;
}

export function withoutSecretMarks(props: Props): Props {
  const plain = (value: Value): Value => {
    if (isSecret(value)) return plain(value.value);
    if (Array.isArray(value)) return value.map(plain);
    return isProps(value) ? mapProps(value, plain) : value;
  };
  return mapProps(props, plain);
}

export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (!isProps(a) || !isProps(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
}

/** The form in a state file, where a secret holds the JSON text of its value as `plaintext`. */
export function toState(props: Props): Props {
  const stored = (value: Value): Value => {
    if (isSecret(value)) return { [SIGNATURE]: SECRET, plaintext: JSON.stringify(stored(value.value)) };
    if (Array.isArray(value)) return value.map(stored);
    return isProps(value) ? mapProps(value, stored) : value;
  };
  return mapProps(props, stored);
}

export function fromState(props: Props): Props {
  const loaded = (value: Value): Value => {
    if (isProps(value) && value[SIGNATURE] === SECRET) {
      if (typeof value.plaintext !== "string") {
        throw new Error(
          "this engine reads secrets stored as plaintext only; export the stack with --show-secrets",
        );
      }
      return secret(loaded(JSON.parse(value.plaintext)));
    }
    if (Array.isArray(value)) return value.map(loaded);
    return isProps(value) ? mapProps(value, loaded) : value;
  };
  return mapProps(props, loaded);
}

/** A value as the real engine prints it in an error: as Go does, not hiding a secret. */
export function goText(value: Value): string {
  if (value === UNKNOWN) return "output<string>{}";
  if (value === null) return "{<nil>}";
  if (isSecret(value)) return `{&{${goText(value.value)}}}`;
  if (Array.isArray(value)) return `{[${value.map(goText).join(" ")}]}`;
  if (!isProps(value)) return `{${value}}`;
  const properties = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key] ?? null)}`);
  return `{map[${properties.join(" ")}]}`;
}
