import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import {
  DEFAULTS,
  type HOTPLUG_SETTINGS,
  hotplugSetting,
  hotplugSettings,
  SETTINGS,
} from "../../provider/args/settings.ts";
import { readConfiguration } from "../../provider/configuration.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { documentedArguments } from "../support/documented-arguments.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");

/** The default of each key in docs/configuration.md. */
const documented = new Map(
  [...page.matchAll(/^\| `libvirt-hotplug:(\w+)` \| .+ \| `([^`|]+)` \|$/gm)].map(
    ([, name = "", value = ""]) => [name, value],
  ),
);

describe.each(Object.keys(SETTINGS) as (keyof typeof SETTINGS)[])("the setting %s", (name) => {
  const configured = (value: string) =>
    readConfiguration((key) => (key === `libvirt-hotplug:${name}` ? value : undefined)).defaults;

  test("is documented as a configuration key, with its default", () => {
    expect(documented.get(name)).toBeDefined();
    expect(configured(documented.get(name) ?? "")).toEqual(DEFAULTS);
  });

  test("is documented with its key in the SDK, except for what no program can set", () => {
    expect(documentedArguments.includes(`\`libvirt-hotplug:${name}\``)).toBe(name !== "allowDowntime");
  });

  test("refuses a configuration value of another form", () => {
    expect(() => configured("nonsense")).toThrow(`libvirt-hotplug:${name}: "nonsense" `);
  });
});

/** A value of each setting that isn't its default, as a program and as a stack set it. */
const OTHERS: {
  [Name in keyof typeof HOTPLUG_SETTINGS]: [inProgram: unknown, inStack: string, value: unknown];
} = {
  enabled: [false, "false", false],
  alignment: ["1GiB", "1GiB", 1024 * 1024],
  whenNotPossible: ["restart", "restart", "restart"],
  applyOn: ["nextBoot", "nextBoot", "nextBoot"],
  device: ["virtio-mem", "virtio-mem", "virtio-mem"],
  allowUnplug: [true, "true", true],
  heal: [false, "false", false],
  online: ["guest", "guest", "guest"],
  awaitGuest: [false, "false", false],
};

describe.each(Object.entries(OTHERS) as [keyof typeof HOTPLUG_SETTINGS, [unknown, string, unknown]][])(
  "hotplug.%s",
  (name, [inProgram, inStack, value]) => {
    const inputsOf = (hotplug: object) => {
      const { inputs, failures } = checkInputs({}, { ...hidden, memory: "1GiB", hotplug });
      expect(failures).toEqual([]);
      return inputs as Inputs;
    };
    const stack = readConfiguration((key) =>
      key === `libvirt-hotplug:${name}` ? inStack : undefined,
    ).defaults;

    test("is the program's, else the stack's, else the default", () => {
      const unset = inputsOf({});
      const set = inputsOf({ [name]: inProgram });
      expect(hotplugSetting(name, unset, DEFAULTS)).toEqual(DEFAULTS[name]);
      expect(DEFAULTS[name]).not.toEqual(value);
      expect(hotplugSetting(name, unset, stack)).toEqual(value);
      expect(hotplugSetting(name, set, DEFAULTS)).toEqual(value);
      expect(hotplugSettings(set, DEFAULTS)).toEqual({ ...hotplugSettings(unset, DEFAULTS), [name]: value });
    });
  },
);

test("the page of the configuration has no other keys than the settings and those of hosts", () => {
  const keys = [...page.matchAll(/^\| `libvirt-hotplug:(\w+)`/gm)].map(([, name]) => name);
  expect(new Set(keys)).toEqual(
    new Set([...Object.keys(SETTINGS), "allowPlainTcp", "domainType", "lookTimeout", "uri"]),
  );
});
