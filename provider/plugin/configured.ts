import leven from "leven";
import type { Failure } from "../args/failure.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { CONFIGURATION_KEYS, configurationFailures } from "../configuration.ts";
import type { Properties, Received } from "./values.ts";

/** What the engine and Pulumi's SDKs add to a provider's configuration. */
const OTHERS = new Set(["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"]);

/**
 * Reads a provider's configuration by the keys of a stack's configuration. The values of an SDK aren't text, or they are JSON text
 * of that; those that aren't known yet are absent.
 */
export function configurationReader(given: Properties): (key: string) => string | undefined {
  return (key) => {
    const [namespace, name = ""] = key.split(":");
    if (namespace !== "libvirt-hotplug") return undefined;
    const value = given[name];
    if (value === undefined || value === null || value === UNKNOWN) return undefined;
    if (Array.isArray(value)) return value.join(",");
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}

/** All that is wrong with a provider's configuration. */
export function checkConfiguration({ value: given, secrets, failures }: Received): Failure[] {
  // Pulumi's engine prints the value of the property that a failure names.
  const wrong = configurationFailures(configurationReader(given)).map(({ name, reason }) =>
    secrets.includes(name)
      ? { property: "", reason: `${name} (secret) ${reason}` }
      : { property: name, reason },
  );
  return [...failures, ...Object.keys(given).flatMap(nameFailure), ...wrong];
}

function nameFailure(name: string): Failure[] {
  if (CONFIGURATION_KEYS.includes(name) || OTHERS.has(name)) return [];
  const closest = CONFIGURATION_KEYS.toSorted((a, b) => leven(name, a) - leven(name, b))[0] ?? "";
  const isClose = leven(name, closest) <= Math.max(1, Math.floor(name.length / 3));
  const hint = isClose ? `did you mean "${closest}"?` : `expected one of ${CONFIGURATION_KEYS.join(", ")}`;
  return [{ property: name, reason: `is not a setting of libvirt-hotplug; ${hint}` }];
}
