import type { Failure } from "../args/failure.ts";
import { notAKey } from "../args/read-object.ts";
import { CONFIGURATION_KEYS, configurationFailures, configurationReader } from "../configuration.ts";
import { parseUri } from "../libvirt/uri.ts";
import { messageOf, withholdingQuotes } from "../message-of.ts";
import type { Received } from "./values.ts";

/** What the engine and Pulumi's SDKs add to a provider's configuration. */
const OTHERS = new Set(["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"]);

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
  return [{ name, reason: notAKey(name, "setting of libvirt-hotplug", CONFIGURATION_KEYS) }];
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
