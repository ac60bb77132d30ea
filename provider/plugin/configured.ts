import leven from "leven";
import type { Failure } from "../args/failure.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { CONFIGURATION_NAMES, configurationFailures } from "../configuration.ts";
import type { Properties, Received } from "./values.ts";

/** What the engine and Pulumi's SDKs add to a provider's configuration. */
const OTHERS = new Set(["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"]);

/** A name in Pulumi's schema may have no dot: `libvirt-hotplug:hooks.env` is `hooksEnv` in an SDK. */
const IN_SDKS: Record<string, string> = { "hooks.env": "hooksEnv" };

/**
 * Reads a provider's configuration by the keys of a stack's configuration. The values of an SDK aren't text, or they are JSON text
 * of that; those that aren't known yet are absent.
 */
export function configurationReader(given: Properties): (key: string) => string | undefined {
  return (key) => {
    const [namespace, name = ""] = key.split(":");
    if (namespace !== "libvirt-hotplug") return undefined;
    const value = given[name] ?? given[IN_SDKS[name] ?? name];
    if (value === undefined || value === null || value === UNKNOWN) return undefined;
    if (Array.isArray(value)) return value.join(",");
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}

/** All that is wrong with a provider's configuration. */
export function checkConfiguration({ value: given, secrets, failures }: Received): Failure[] {
  const wrong = configurationFailures(configurationReader(given)).map(({ name, reason }) => {
    const property = given[name] === undefined ? (IN_SDKS[name] ?? name) : name;
    // Pulumi's engine prints the value of the property that a failure names.
    return secrets.includes(property)
      ? { property: "", reason: `${property} (secret) ${reason}` }
      : { property, reason };
  });
  return [...failures, ...Object.keys(given).flatMap(nameFailure), ...wrong];
}

function nameFailure(name: string): Failure[] {
  const names = [...CONFIGURATION_NAMES, ...Object.values(IN_SDKS)];
  if (names.includes(name) || OTHERS.has(name)) return [];
  const closest = names.toSorted((a, b) => leven(name, a) - leven(name, b))[0] ?? "";
  const isClose = leven(name, closest) <= Math.max(1, Math.floor(name.length / 3));
  const hint = isClose ? `did you mean "${closest}"?` : `expected one of ${names.join(", ")}`;
  return [{ property: name, reason: `is not a setting of libvirt-hotplug; ${hint}` }];
}
