import { z } from "zod";
import { MAX_LOOK_TIMEOUT } from "./args/limits.ts";
import { oneOf, text, wholeNumber } from "./args/schema.ts";
import { CONFIG_SCHEMAS, DEFAULTS, type Defaults, truth } from "./args/settings.ts";
import { containsUnknown, UNKNOWN } from "./args/unknown.ts";
import { defined } from "./defined.ts";
import type { DomainType } from "./definition/platform.ts";
import { UserError } from "./errors.ts";

/** What this provider reads of the stack's configuration. */
export interface Configuration {
  /**
   * The URI of domains that have no `uri` argument: `libvirt-hotplug:uri`, else `libvirt:uri`, which other libvirt providers
   * read as well, and which never reaches a plugin.
   */
  uri?: string;
  /** `libvirt-hotplug:domainType`. Default: KVM where the host supports it for the guest's architecture. */
  domainType?: DomainType;
  /** `libvirt-hotplug:hooks.env`: variables of the environment that hooks inherit beside those of every program. */
  hookVariables?: readonly string[];
  /**
   * `libvirt-hotplug:lookTimeout`: the seconds that a preview waits for a host. Default: 2 on a unix socket, 10 through ssh,
   * TLS and TCP.
   */
  lookTimeout?: number;
  /** `libvirt-hotplug:allowPlainTcp`: whether URIs with transport `tcp` may name another host than this one. */
  allowPlainTcp?: boolean;
  /** What applies where a program sets nothing. */
  defaults: Defaults;
}

const NAMESPACE = "libvirt-hotplug:";

const namesIn = (text: string) => text.split(/[\s,]+/).filter((name) => name !== "");
const environmentVariables = z
  .string()
  .refine(
    (text) => namesIn(text).every((name) => /^[A-Za-z_]\w*$/.test(name)),
    'must be names of environment variables, such as "VAULT_ADDR, VAULT_TOKEN"',
  )
  .transform(namesIn);

const lookTimeout = z
  .string()
  .transform(Number)
  .pipe(wholeNumber(1, MAX_LOOK_TIMEOUT, "seconds"));

const KEYS = z
  .object({
    uri: text("a libvirt URI"),
    domainType: oneOf("kvm", "qemu"),
    lookTimeout,
    allowPlainTcp: truth,
    "hooks.env": environmentVariables,
    // In a program, as an argument of an explicit provider, a name can't have a dot.
    hooksEnv: environmentVariables,
    ...CONFIG_SCHEMAS,
  })
  .partial();

/** The keys of this provider, without the namespace. */
export const CONFIGURATION_KEYS = Object.keys(KEYS.shape);

/** A key whose value is wrong. The reason is a predicate. */
export interface ConfigurationFailure {
  /** Without the namespace. */
  name: string;
  value: string;
  reason: string;
}

type Reader = (key: string) => string | undefined;

/** All wrong values of a stack's configuration. */
export function configurationFailures(get: Reader): ConfigurationFailure[] {
  const issues = parsedConfiguration(get).error?.issues ?? [];
  return issues.map(({ path, message: reason }) => {
    const name = path.join(".");
    return { name, value: get(`${NAMESPACE}${name}`) ?? "", reason };
  });
}

/**
 * @param secrets the names whose value no message quotes
 * @throws UserError that names every key with a wrong value
 */
export function readConfiguration(get: Reader, secrets: readonly string[] = []): Configuration {
  const { data } = parsedConfiguration(get);
  if (data === undefined) {
    const wrong = configurationFailures(get).map(
      ({ name, value, reason }) =>
        `${NAMESPACE}${name}: ${secrets.includes(name) ? "the secret value" : `"${value}"`} ${reason}`,
    );
    throw new UserError(`invalid stack configuration: ${wrong.join("; ")}`);
  }
  const { uri, domainType, lookTimeout, allowPlainTcp, hooksEnv, "hooks.env": variables, ...settings } = data;
  return {
    ...defined({
      uri: (uri === UNKNOWN ? undefined : uri) ?? get("libvirt:uri"),
      domainType: domainType as DomainType,
      ...{ lookTimeout, allowPlainTcp, hookVariables: variables ?? hooksEnv },
    }),
    defaults: { ...DEFAULTS, ...defined(settings) },
  };
}

function parsedConfiguration(get: Reader) {
  const given = CONFIGURATION_KEYS.map((name) => [name, get(`${NAMESPACE}${name}`)]);
  return KEYS.safeParse(defined(Object.fromEntries(given)));
}

/** A list of names, which a stack's configuration has as one text. */
const LISTS = new Set(["hooksEnv", "hooks.env"]);

/**
 * Reads a provider's configuration by the keys of a stack's configuration. The values of an SDK aren't text, or they are JSON text
 * of that; those that aren't known yet are absent.
 */
export function configurationReader(given: Readonly<Record<string, unknown>>): Reader {
  return (key) => {
    const [namespace, name = ""] = key.split(":");
    if (namespace !== "libvirt-hotplug") return undefined;
    const value = given[name];
    if (value === undefined || value === null || containsUnknown(value)) return undefined;
    if (LISTS.has(name) && isListOfTexts(value)) return value.join(",");
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
