import { PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { DEFAULTS, type Defaults } from "../args/settings.ts";
import { configurationReader, readConfiguration } from "../configuration.ts";
import type { DomainStep } from "./domain-steps.ts";
import type { PulumiOutput } from "./pulumi-output.ts";
import { isPrinted, withoutSecrets } from "./secret-properties.ts";
import { nameIn, typeIn } from "./urn.ts";

/** What applies to a domain that doesn't set it itself. */
export interface RunConfiguration {
  defaults: Defaults;
  uri?: string;
}

/** The names that the engine gives to the provider with the stack's configuration. */
const DEFAULT_PROVIDER = /^default(?:_|$)/;

/**
 * The configuration of each domain: the stack's, or that of the explicit provider of the plugin. Nothing is known of
 * a provider that isn't in the output, so the plugin's own defaults apply.
 */
export function configurationsOf({ config, steps }: PulumiOutput): (step: DomainStep) => RunConfiguration {
  const stack = read((key) => (Object.hasOwn(config, key) ? config[key] : undefined));
  const providers = new Map(
    steps
      .filter(({ type }) => type === "pulumi:providers:libvirt-hotplug")
      .map(({ urn, new: now, old }) => [
        urn,
        read(configurationReader(withoutSecrets((now ?? old)?.inputs ?? {}).properties)),
      ]),
  );
  return (step) => {
    // The reference to a provider is its URN with its ID.
    const provider = (step.new ?? step.old)?.provider?.split("::").slice(0, -1).join("::");
    const isExplicit =
      provider !== undefined && typeIn(step.urn) === PLUGIN_TYPE && !DEFAULT_PROVIDER.test(nameIn(provider));
    return isExplicit ? (providers.get(provider) ?? { defaults: DEFAULTS }) : stack;
  };
}

function read(get: (key: string) => unknown): RunConfiguration {
  try {
    const { defaults, uri } = readConfiguration((key) => {
      const value = get(key);
      return typeof value === "string" && !isPrinted(value) ? value : undefined;
    });
    return { defaults, ...(uri !== undefined && { uri }) };
  } catch {
    // The run itself fails because of it.
    return { defaults: DEFAULTS };
  }
}
