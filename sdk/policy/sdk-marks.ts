import { createRequire } from "node:module";
import { join } from "node:path";
import { isMarkedSecret } from "../../provider/args/secret-mark.ts";

/** What a policy gets as `props`, which @pulumi/policy makes of a message of Pulumi's engine. */
type Props = Record<string, unknown>;

/** The part of @pulumi/policy that reads a message. */
interface Deserializer {
  deserializeProperties(message: { toJavaScript(): Props }, keepsSecrets: boolean): Props;
}

/** The names of the properties with a secret in them, of each set of properties that was read. */
const secretNames = new WeakMap<object, ReadonlySet<string>>();

/**
 * Keeps in mind what is secret: @pulumi/policy removes the marks before a policy gets the values, and a message of a policy is shown
 * to everybody.
 *
 * @throws Error if @pulumi/policy isn't installed
 */
export function keepSecretMarks(): void {
  const places = [join(process.cwd(), "package.json"), import.meta.url].map((place) => createRequire(place));
  if (!places.some((place) => canLoad(place, "@pulumi/policy")))
    throw new Error(
      "pulumi-libvirt-hotplug/policy needs the package @pulumi/policy, which is not installed; run npm install @pulumi/policy in the policy pack's folder",
    );
  // The one that the policy pack uses, whose folder is the working directory, and the one that is found from here.
  const found = places
    .filter((place) => canLoad(place, DESERIALIZER))
    .map((place): Deserializer => place(DESERIALIZER));
  for (const deserializer of new Set(found)) keepMarksOf(deserializer);
}

/** Not part of the package's interface: where a version has none, no figure is shown. */
const DESERIALIZER = "@pulumi/policy/deserialize";

function canLoad(place: NodeJS.Require, name: string): boolean {
  try {
    place.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function keepMarksOf(deserializer: Deserializer): void {
  const original = deserializer.deserializeProperties;
  if (typeof original !== "function") return;
  deserializer.deserializeProperties = (message, keepsSecrets) => {
    const props = original(message, keepsSecrets);
    const marked = Object.entries(message.toJavaScript()).filter(([, value]) => containsSecret(value));
    secretNames.set(props, new Set(marked.map(([name]) => name)));
    return props;
  };
}

function containsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isMarkedSecret(value) || Object.values(value).some(containsSecret);
}

/** The names that @pulumi/policy gives to its view of properties, and to what is behind it (proxy.js). */
const [IS_VIEW, BEHIND_VIEW] = ["__isSpecialProxy", "__getSpecialProxyTarget"];

/**
 * The names of the properties with a secret in them; undefined where that isn't known, since another copy or version of
 * @pulumi/policy read the message. Properties that a unit test made have no secret.
 */
export function secretsIn(props: Props): ReadonlySet<string> | undefined {
  if (props[IS_VIEW] !== true) return secretNames.get(props) ?? new Set();
  return secretNames.get(props[BEHIND_VIEW] as object);
}
