import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { type ChangeNeeds, FIELD_NAMES, FIELDS } from "../../provider/args/fields.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { documentedArguments } from "../support/documented-arguments.ts";

/** The fields of an interface of the SDK with their documentation, in order. */
function documented(name: string): Map<string, string> {
  const body =
    new RegExp(`^export interface ${name} \\{\n(.*?)^\\}`, "ms").exec(documentedArguments)?.[1] ?? "";
  const fields = [...body.matchAll(/^ {2}\/\*\*(.*?)\*\/\n {2}(\w+)\??:/gms)];
  return new Map(
    fields.map(([, doc = "", field = ""]) => [field, doc.replace(/\s*\n\s*\*\s?/g, " ").trim()]),
  );
}

/** How many fields an interface has, documented or not. */
function fieldCount(name: string): number {
  const body =
    new RegExp(`^export interface ${name} \\{\n(.*?)^\\}`, "ms").exec(documentedArguments)?.[1] ?? "";
  return [...body.matchAll(/^ {2}\w+\??:/gm)].length;
}

/** How the documentation of an argument describes a change, by the change column of the table. */
const SENTENCES: Record<Exclude<ChangeNeeds, "memory" | "vcpus" | "identity">, RegExp> = {
  devices:
    /A change: .* to.* and detached from.* the running domain.*; otherwise as `hotplug\.whenNotPossible` specifies\./,
  live: /A change: (at once\.$|`false` shuts the guest down .*; `true` starts it\.$)/,
  graphics:
    /A change: another `password` is set in the running domain at once, .* Anything else takes effect at the next boot\.$/,
  definition: /A change: applied to the definition at once\.$/,
  nextBoot: /A change: takes effect at the next boot\.$/,
  setting: /A change: a setting only[.,]/,
  creation: /A change: no effect\.$/,
  replace: /A change: replace\.$/,
};

const args = documented("DomainArgs");

describe("the arguments, their documentation and the field table", () => {
  test("are the same, all documented, in one order", () => {
    const given = FIELD_NAMES.filter((name) => FIELDS[name].change !== "identity");
    expect([...args.keys()]).toEqual(given);
    expect(fieldCount("DomainArgs")).toBe(given.length);
  });

  test.each(FIELD_NAMES.filter((name) => name !== "uuid" && name !== "hotplug").map((name) => [name]))(
    "a change of %s is documented as the table has it",
    (name) => {
      const needs: ChangeNeeds = FIELDS[name].change;
      const doc = args.get(name) ?? "";
      if (needs === "memory" || needs === "vcpus") expect(doc).toContain("A change: ");
      else expect(doc).toMatch(SENTENCES[needs]);
    },
  );

  test("the fields of hotplug are documented as settings, with their defaults", () => {
    expect(FIELDS.hotplug.change).toBe("setting");
    expect(documentedArguments).toMatch(
      /Only a change of `device` affects an existing domain; a\n \* change of any other field is a setting only\.\n \*\/\nexport interface HotplugArgs \{/,
    );
    for (const doc of documented("HotplugArgs").values()) expect(doc).toMatch(/ Default: .+\.$/);
  });

  test("only the arguments that set the memory need the planner", () => {
    expect(FIELD_NAMES.filter((name) => FIELDS[name].change === "memory")).toEqual([
      "memory",
      "maxMemory",
      "memorySlots",
      "numa",
      "currentMemory",
    ]);
  });

  test.each([
    ["HotplugArgs", "hotplug", (nonsense: object) => ({ hotplug: nonsense })],
    ["MemorySourceArgs", "hotplug.source", (nonsense: object) => ({ hotplug: { source: nonsense } })],
    [
      "HookArgs",
      "hotplug.before",
      (nonsense: object) => ({ hotplug: { before: { command: ["/p"], ...nonsense } } }),
    ],
    [
      "HookArgs",
      "hotplug.after",
      (nonsense: object) => ({ hotplug: { after: { command: ["/p"], ...nonsense } } }),
    ],
    ["NumaNodeArgs", "numa[0]", (nonsense: object) => ({ numa: [{ memory: "1GiB", ...nonsense }] })],
    [
      "CpuTopologyArgs",
      "cpuTopology",
      (nonsense: object) => ({ cpuTopology: { sockets: 1, cores: 1, ...nonsense } }),
    ],
    ["BootArgs", "boot", (nonsense: object) => ({ boot: { kernel: "/k", ...nonsense } })],
    ["DiskArgs", "disks[0]", (nonsense: object) => ({ disks: [{ file: "/f", ...nonsense }] })],
    ["InterfaceArgs", "interfaces[0]", (nonsense: object) => ({ interfaces: [{ user: true, ...nonsense }] })],
    ["GraphicsArgs", "graphics", (nonsense: object) => ({ graphics: { type: "vnc", ...nonsense } })],
    ["VideoArgs", "video", (nonsense: object) => ({ video: { model: "vga", ...nonsense } })],
    ["RngArgs", "rng", (nonsense: object) => ({ rng: nonsense })],
    ["TpmArgs", "tpm", (nonsense: object) => ({ tpm: nonsense })],
    ["WatchdogArgs", "watchdog", (nonsense: object) => ({ watchdog: nonsense })],
    ["MemoryBackingArgs", "memoryBacking", (nonsense: object) => ({ memoryBacking: nonsense })],
  ])("the fields of %s are the ones that check knows, as %s", (name, property, withNonsense) => {
    const news = { ...hidden, memory: "1GiB", ...withNonsense({ nonsense: 1 }) };
    const { failures } = checkInputs({}, news);
    const fields = [...documented(name).keys()];
    expect(fields.length).toBe(fieldCount(name));
    expect(failures).toEqual([
      {
        property: `${property}.nonsense`,
        reason: expect.stringMatching(/^is not a field of [\w ]+; expected one of /),
      },
    ]);
    expect(failures[0]?.reason.split("expected one of ")[1]?.split(", ")).toEqual(fields);
  });
});
