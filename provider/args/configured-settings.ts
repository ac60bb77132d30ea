import { canonicalSize } from "../units/size.ts";
import type { HotplugInput, Inputs } from "./inputs.ts";
import { DEFAULTS, type Defaults, HOTPLUG_SETTINGS } from "./settings.ts";

/** Settings of a domain that the stack's configuration has set, in the form of the argument. */
export type ConfiguredSettings = Partial<Pick<HotplugInput, keyof typeof HOTPLUG_SETTINGS>>;

/**
 * What the stack's configuration sets for a program with these arguments; undefined: nothing. The inputs keep it, so that the next
 * check sees a change of the configuration as it sees one of an argument.
 */
export function configuredSettings(
  { hotplug = {} }: Partial<Inputs>,
  defaults: Defaults,
): ConfiguredSettings | undefined {
  const names = Object.keys(HOTPLUG_SETTINGS) as (keyof typeof HOTPLUG_SETTINGS)[];
  const set = names.filter((name) => defaults[name] !== DEFAULTS[name] && hotplug[name] === undefined);
  if (set.length === 0) return undefined;
  const form = (name: (typeof names)[number]) =>
    name === "alignment" ? canonicalSize(defaults.alignment) : defaults[name];
  return Object.fromEntries(set.map((name) => [name, form(name)]));
}

/** The inputs with the settings of the stack's configuration as arguments. */
export function withConfigured<Given extends Partial<Inputs>>(inputs: Given): Given {
  const { __configured: configured, hotplug = {} } = inputs;
  // An object that isn't known yet is the marker for that.
  if (configured === undefined || typeof hotplug !== "object") return inputs;
  return { ...inputs, hotplug: { ...configured, ...hotplug } };
}
