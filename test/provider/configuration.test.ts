import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { type Configuration, readConfiguration } from "../../provider/configuration.ts";

const MIB = 1024;

function configured(values: Record<string, string>): Configuration {
  return readConfiguration((key) => values[key]);
}

/** A stack's configuration, and what it changes. */
const rows: [Record<string, string>, Partial<Configuration>][] = [
  [{}, {}],
  [{ "libvirt:uri": "qemu:///session" }, { uri: "qemu:///session" }],
  [{ "libvirt-hotplug:domainType": "qemu" }, { domainType: "qemu" }],
  [{ "libvirt-hotplug:hooks.env": "" }, { hookVariables: [] }],
  [{ "libvirt-hotplug:hooks.env": "VAULT_ADDR" }, { hookVariables: ["VAULT_ADDR"] }],
  [{ "libvirt-hotplug:hooks.env": " A, b_2\n_C" }, { hookVariables: ["A", "b_2", "_C"] }],
  [{ "libvirt-hotplug:lookTimeout": "25" }, { lookTimeout: 25 }],
  [{ "shop:uri": "elsewhere", uri: "elsewhere" }, {}],
  ...(
    [
      ["enabled", "false", { enabled: false }],
      ["enabled", "true", { enabled: true }],
      ["alignment", "128MiB", { alignment: 128 * MIB }],
      ["alignment", "1GiB", { alignment: 1024 * MIB }],
      ["memorySlots", "32", { memorySlots: 32 }],
      ["whenNotPossible", "restart", { whenNotPossible: "restart" }],
      ["applyOn", "nextBoot", { applyOn: "nextBoot" }],
      ["online", "guest", { online: "guest" }],
      ["awaitGuest", "90", { awaitGuest: 90 }],
      ["awaitGuest", "false", { awaitGuest: false }],
      ["maxMemory32Bit", "16GiB", { maxMemory32Bit: 16_384 * MIB }],
      ["maxMemory64Bit", "1TiB", { maxMemory64Bit: 1_048_576 * MIB }],
      ["allowDowntime", "false", { allowDowntime: false }],
    ] as const
  ).map(([name, value, defaults]): [Record<string, string>, Partial<Configuration>] => [
    { [`libvirt-hotplug:${name}`]: value },
    { defaults: { ...DEFAULTS, ...defaults } },
  ]),
];

describe("the configuration", () => {
  test.each(rows)("%j is read", (values, expected) => {
    expect(configured(values)).toEqual({ defaults: DEFAULTS, ...expected });
  });

  test.each(["applyOn", "alignment"])("%s of another package is ignored", (name) => {
    expect(configured({ [name]: "x", [`shop:${name}`]: "x", [`libvirt:${name}`]: "x" })).toEqual({
      defaults: DEFAULTS,
    });
  });
});

const example = '"4GiB", "1003MiB" or 4096 (MiB)';
const slots = "must be a whole number from 1 to 256";
const block = "must be a power of two of at least 128 MiB";

/** A key, its value, and the reason why it is refused. */
const wrong: [string, string, string][] = [
  ["domainType", "xen", 'must be one of "kvm", "qemu"'],
  ...["0", "601", "2.5", "2 s", ""].map((text): [string, string, string] => [
    "lookTimeout",
    text,
    "must be a whole number from 1 to 600 seconds",
  ]),
  ["enabled", "yes", 'must be "true" or "false"'],
  ["alignment", "much", `is not a valid size; use e.g. ${example}`],
  ["alignment", "256", 'has no unit; did you mean "256MiB"?'],
  ["alignment", "64MiB", block],
  ["alignment", "384MiB", block],
  ["awaitGuest", "0", "must be a whole number of seconds from 1 to 3600, or false"],
  ["awaitGuest", "soon", "must be a whole number of seconds from 1 to 3600, or false"],
  ["online", "never", 'must be one of "agent", "guest", "none"'],
  ["memorySlots", "0", slots],
  ["memorySlots", "257", slots],
  ["memorySlots", "1.5", slots],
  ["memorySlots", "many", slots],
  ["memorySlots", "", slots],
  ["whenNotPossible", "explode", 'must be one of "replace", "restart", "nextBoot", "error"'],
  ["applyOn", "later", 'must be one of "now", "nextBoot"'],
  ["maxMemory32Bit", "-1GiB", `must be greater than 0, e.g. ${example}`],
  ["maxMemory64Bit", "4GB", 'is not a whole number of MiB; use "3814MiB" or "3815MiB"'],
  ["hooks.env", "A=b", 'must be names of environment variables, such as "VAULT_ADDR, VAULT_TOKEN"'],
  ["allowDowntime", "0", 'must be "true" or "false"'],
];

describe("a wrong configuration", () => {
  test.each(wrong)("%s %s", (name, value, reason) => {
    expect(() => configured({ [`libvirt-hotplug:${name}`]: value })).toThrow(
      `invalid stack configuration: libvirt-hotplug:${name}: "${value}" ${reason}`,
    );
  });

  test("names all wrong keys at once", () => {
    const values = Object.fromEntries(wrong.map(([name, value]) => [`libvirt-hotplug:${name}`, value]));
    const reason = (() => {
      try {
        return JSON.stringify(configured(values));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    for (const name of new Set(wrong.map(([name]) => name)))
      expect(reason).toContain(`libvirt-hotplug:${name}: "${values[`libvirt-hotplug:${name}`]}" `);
  });
});
