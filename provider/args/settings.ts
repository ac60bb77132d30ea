import { z } from "zod";
import { KIB_PER_GIB, KIB_PER_MIB } from "../units/kib.ts";
import { formatMib, parseSize, readCanonicalSize } from "../units/size.ts";
import type { Inputs } from "./inputs.ts";
import {
  isBlockSize,
  MAX_AWAIT_GUEST,
  MAX_HOTPLUG_PORTS,
  MAX_SLOTS,
  SMALLEST_GUEST_BLOCK,
} from "./limits.ts";
import { flag, oneOf, orUnknown, parsed, size, wholeNumber } from "./schema.ts";
import type { Known } from "./unknown.ts";

/** A default that a stack's configuration may change. */
interface StackDefault<Value> {
  /** The form of the configuration key, `libvirt-hotplug:` and the row's name. Configuration values are text. */
  config: z.ZodType<Value>;
  /** What applies where the configuration sets nothing. */
  default: Value;
}

/** A field of `hotplug` with such a default. */
interface Setting<Schema extends z.ZodType, Value> extends StackDefault<Value> {
  /** The form of the field in a program. */
  schema: Schema;
  /** The value of a field, from its canonical form. */
  value: (field: Known<z.output<Schema>>) => Value;
}

/** A row without `config` has the same form in the configuration; one without `value` has its canonical form as value. */
function setting<Schema extends z.ZodType>(row: {
  schema: Schema;
  config?: z.ZodType<Known<z.output<Schema>>>;
  default: Known<z.output<Schema>>;
}): Setting<Schema, Known<z.output<Schema>>>;
function setting<Schema extends z.ZodType, Value>(row: {
  schema: Schema;
  config: z.ZodType<Value>;
  default: NoInfer<Value>;
  value: (field: Known<z.output<Schema>>) => NoInfer<Value>;
}): Setting<Schema, Value>;
function setting(row: { schema: z.ZodType; default: unknown }): Setting<z.ZodType, unknown> {
  return { config: row.schema, value: (field) => field, ...row };
}

/** A truth value in a stack's configuration, where all values are text. */
export const truth = z
  .enum(["true", "false"], 'must be "true" or "false"')
  .transform((text) => text === "true");
const kib = parsed(parseSize);
const blockSize = kib.refine(
  isBlockSize,
  `must be a power of two of at least ${formatMib(SMALLEST_GUEST_BLOCK)}`,
);
const ports = z.string().transform(Number).pipe(wholeNumber(0, MAX_HOTPLUG_PORTS));
const slots = z.string().transform(Number).pipe(wholeNumber(1, MAX_SLOTS));

const secondsMessage = `must be a whole number of seconds from 1 to ${MAX_AWAIT_GUEST}, or false`;
const seconds = z.union(
  [z.literal(false), z.int(secondsMessage).min(1, secondsMessage).max(MAX_AWAIT_GUEST, secondsMessage)],
  secondsMessage,
);
const secondsInText = z
  .string()
  .transform((text) => (text === "false" ? false : Number(text)))
  .pipe(seconds);

/** The fields of `hotplug` that a stack may set for all its domains, in the order of their documentation. */
export const HOTPLUG_SETTINGS = {
  enabled: setting({ schema: flag, config: truth, default: true }),
  // oVirt's hot-plug granularity.
  alignment: setting({
    schema: size,
    config: blockSize,
    default: 256 * KIB_PER_MIB,
    value: readCanonicalSize,
  }),
  whenNotPossible: setting({
    schema: oneOf("replace", "restart", "nextBoot", "error"),
    default: "replace",
  }),
  applyOn: setting({ schema: oneOf("now", "nextBoot"), default: "now" }),
  device: setting({ schema: oneOf("dimm", "virtio-mem"), default: "dimm" }),
  allowUnplug: setting({ schema: flag, config: truth, default: false }),
  heal: setting({ schema: flag, config: truth, default: true }),
  online: setting({ schema: oneOf("agent", "guest", "none"), default: "agent" }),
  awaitGuest: setting({ schema: orUnknown(seconds), config: secondsInText, default: 60 }),
};

function stackDefault<Value>(row: {
  config: z.ZodType<Value>;
  default: NoInfer<Value>;
}): StackDefault<Value> {
  return row;
}

/** Everything that a stack may set for all its domains. */
export const SETTINGS = {
  ...HOTPLUG_SETTINGS,
  // oVirt's defaults: 16 slots, VM32BitMaxMemorySizeInMB 20480 and VM64BitMaxMemorySizeInMB 4194304.
  memorySlots: stackDefault({ config: slots, default: 16 }),
  maxMemory32Bit: stackDefault({ config: kib, default: 20 * KIB_PER_GIB }),
  maxMemory64Bit: stackDefault({ config: kib, default: 4096 * KIB_PER_GIB }),
  hotplugPorts: stackDefault({ config: ports, default: 8 }),
  // False: no change of memory or devices may restart or replace a domain.
  allowDowntime: stackDefault({ config: truth, default: true }),
};

type HotplugSettingName = keyof typeof HOTPLUG_SETTINGS;

/** What applies where a program sets nothing. */
export type Defaults = { [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]["default"] };

export type HotplugSettings = Pick<Defaults, HotplugSettingName>;

/** What brings new memory online in the guest. */
export type OnlinePolicy = HotplugSettings["online"];

/** The kind of device that adds memory to a running domain. */
export type PlugDevice = HotplugSettings["device"];

/** The defaults of a stack that configures nothing. */
export const DEFAULTS = columnOf(SETTINGS, "default") as Defaults;

/** The schemas of `hotplug`'s settings in a program. */
export const HOTPLUG_SCHEMAS = columnOf(HOTPLUG_SETTINGS, "schema") as {
  [Name in HotplugSettingName]: (typeof HOTPLUG_SETTINGS)[Name]["schema"];
};

/** The schemas of the stack's configuration keys. */
export const CONFIG_SCHEMAS = columnOf(SETTINGS, "config") as {
  [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]["config"];
};

/** A setting of a domain: the program's, else the stack's. */
export function hotplugSetting<Name extends HotplugSettingName>(
  name: Name,
  { hotplug }: Partial<Inputs>,
  defaults: Defaults,
): HotplugSettings[Name] {
  const given = hotplug?.[name];
  // TypeScript doesn't relate a row's function to the field of the same name.
  const value = HOTPLUG_SETTINGS[name].value as (field: unknown) => HotplugSettings[Name];
  return given === undefined ? defaults[name] : value(given);
}

/** All settings of a domain. Their values must be known. */
export function hotplugSettings(inputs: Partial<Inputs>, defaults: Defaults): HotplugSettings {
  const names = Object.keys(HOTPLUG_SETTINGS) as HotplugSettingName[];
  return Object.fromEntries(
    names.map((name) => [name, hotplugSetting(name, inputs, defaults)]),
  ) as unknown as HotplugSettings;
}

function columnOf<Column extends string>(rows: Record<string, Record<Column, unknown>>, column: Column) {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row[column]]));
}
