import type { Failure } from "../args/failure.ts";
import { suggestion } from "../args/suggestion.ts";
import { containsUnknown } from "../args/unknown.ts";
import { CONFIGURATION_KEYS, configurationFailures } from "../configuration.ts";
import { parseUri } from "../libvirt/uri.ts";
import { messageOf, withholdingQuotes } from "../message-of.ts";
import type { Properties, Received } from "./values.ts";

/** What the engine and Pulumi's SDKs add to a provider's configuration. */
const OTHERS = new Set(["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"]);

/** A list of names, which a stack's configuration has as one text. */
const LISTS = new Set(["hooksEnv", "hooks.env"]);

/**
 * Reads a provider's configuration by the keys of a stack's configuration. The values of an SDK aren't text, or they are JSON text
 * of that; those that aren't known yet are absent.
 */
export function configurationReader(given: Properties): (key: string) => string | undefined {
  return (key) => {
    const [namespace, name = ""] = key.split(":");
    if (namespace !== "libvirt-hotplug") return undefined;
    const value = given[name];
    if (value === undefined || value === null || containsUnknown(value)) return undefined;
    if (LISTS.has(name) && isListOfTexts(value)) return value.join(",");
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}

/**
 * All that is wrong with a provider's configuration. The engine doesn't tell CheckConfig what is secret, and prints the value of the
 * property that a failure names: the names are in the reasons instead, which quote no value.
 */
export function checkConfiguration({ value: given, failures }: Received): Failure[] {
  const read = configurationReader(given);
  const wrong = [
    ...failures.map(({ property, reason }) => ({ name: property, reason })),
    ...Object.keys(given).flatMap(nameFailure),
    ...configurationFailures(read),
    ...uriFailure(read),
  ];
  return wrong.map(({ name, reason }) => ({ property: "", reason: `${name} ${reason}` }));
}

interface NamedFailure {
  name: string;
  reason: string;
}

function nameFailure(name: string): NamedFailure[] {
  if (CONFIGURATION_KEYS.includes(name) || OTHERS.has(name)) return [];
  return [{ name, reason: `is not a setting of libvirt-hotplug; ${suggestion(name, CONFIGURATION_KEYS)}` }];
}

function uriFailure(read: (key: string) => string | undefined): NamedFailure[] {
  const uri = read("libvirt-hotplug:uri");
  if (uri === undefined) return [];
  try {
    parseUri(uri);
    return [];
  } catch (error) {
    const why = withholdingQuotes(new Set(["uri" as const]), () => messageOf(error));
    return [{ name: "uri", reason: `is refused: ${why}` }];
  }
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
