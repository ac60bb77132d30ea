import { DEFAULTS, type HotplugSettings } from "../args/settings.ts";
import { type CommandOption, HELP } from "../command/options.ts";
import { canonicalSize } from "../units/size.ts";

/** An option of the command that sets an argument of the program. */
export interface ArgumentOption {
  /** The argument's property path. */
  sets: string;
  type: "string" | "boolean";
  /** The value's placeholder in the help. */
  value?: string;
  /** The help's description of the values. */
  values?: string;
  /** The default, for the help. */
  default: string;
  /** Reads the argument from what was typed, where it may be something other than text. */
  read?: (typed: string) => unknown;
}

const WAYS: readonly HotplugSettings["whenNotPossible"][] = ["replace", "restart", "nextBoot", "error"];
const DEVICES: readonly HotplugSettings["device"][] = ["dimm", "virtio-mem"];

/** The options that set an argument, by the name that `ExplainOptions` has for them. */
export const ARGUMENT_OPTIONS = {
  alignment: {
    sets: "hotplug.alignment",
    type: "string",
    value: "size",
    default: canonicalSize(DEFAULTS.alignment),
  },
  maxDimmSize: {
    sets: "hotplug.maxDimmSize",
    type: "string",
    value: "size",
    default: "as large as needed",
  },
  targetNode: {
    sets: "hotplug.targetNode",
    type: "string",
    value: "node",
    values: 'a number or "spread"',
    default: "0",
    read: (typed: string) => (/^\d+$/.test(typed) ? Number(typed) : typed),
  },
  whenNotPossible: {
    sets: "hotplug.whenNotPossible",
    type: "string",
    value: "way",
    values: `one of ${quoted(WAYS)}`,
    default: `"${DEFAULTS.whenNotPossible}"`,
  },
  device: {
    sets: "hotplug.device",
    type: "string",
    value: "kind",
    values: `one of ${quoted(DEVICES)}`,
    default: `what the domain has, else "${DEFAULTS.device}"`,
  },
  maxMemory: {
    sets: "maxMemory",
    type: "string",
    value: "size",
    default: "the maximum in the definition",
  },
  allowUnplug: {
    sets: "hotplug.allowUnplug",
    type: "boolean",
    default: String(DEFAULTS.allowUnplug),
  },
} as const satisfies Record<string, ArgumentOption>;

/** The options that set no argument. */
export const COMMAND_OPTIONS = {
  json: { type: "boolean", help: "print JSON, with sizes as in the resource's outputs" },
  "allow-plain-tcp": { type: "boolean", help: "connect by qemu+tcp to another host, unencrypted" },
  help: HELP,
} as const satisfies Record<string, CommandOption>;

type ArgumentOptionName = keyof typeof ARGUMENT_OPTIONS;

/** The user's query about a domain: arguments of a program, as typed. */
export type ExplainOptions = {
  /** The size, which is typed without an option's name. */
  memory?: string;
} & {
  [Name in ArgumentOptionName]?: (typeof ARGUMENT_OPTIONS)[Name]["type"] extends "boolean" ? boolean : string;
};

export const ARGUMENT_OPTION_NAMES = Object.keys(ARGUMENT_OPTIONS) as ArgumentOptionName[];

/** "max-dimm-size" for `maxDimmSize`. */
export function flagOf(name: ArgumentOptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The arguments that the options set, nested as a program has them. The size isn't among them. */
export function argumentsOf(options: ExplainOptions): Record<string, unknown> & { hotplug: object } {
  const found = { hotplug: {} };
  for (const name of ARGUMENT_OPTION_NAMES) {
    const typed = options[name];
    const { sets, read }: ArgumentOption = ARGUMENT_OPTIONS[name];
    if (typed === undefined) continue;
    const [argument = "", ...inside] = sets.split(".").reverse();
    const holder = inside.length === 0 ? found : found.hotplug;
    Object.assign(holder, { [argument]: typeof typed === "string" && read ? read(typed) : typed });
  }
  return found;
}

/** What was typed for an argument, unchanged: `--max-memory "1GiB"`; undefined where nothing was. */
export function typedFor(property: string, options: ExplainOptions): string | undefined {
  if (property === "memory") return options.memory === undefined ? undefined : `size "${options.memory}"`;
  const name = ARGUMENT_OPTION_NAMES.find((one) => ARGUMENT_OPTIONS[one].sets === property);
  const value = name && options[name];
  if (name === undefined || value === undefined) return undefined;
  return typeof value === "string" ? `--${flagOf(name)} "${value}"` : `--${flagOf(name)}`;
}

function quoted(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(", ");
}
