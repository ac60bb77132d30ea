import { describe, expect, test } from "vitest";
import {
  adoptedStayAdopted,
  headroom,
  maxPerHost,
  noDowntime,
  reachable,
  sizeCatalogue,
} from "../../sdk/policy/index.ts";
import { inRun } from "../support/policy-pack.ts";

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

/** Settings as a configuration file may have them, whatever their types. */
const any = (settings: object) => settings as never;

describe("settings that are refused: all failures at once, each at its property's path", () => {
  test.each([
    [
      "exceptions",
      () =>
        noDowntime(
          any({
            onUnknown: "maybe",
            outcome: ["replace"],
            outcomes: ["live"],
            exceptions: [
              { name: "", reason: " ", until: "2026-02-30" },
              { name: "web-1", until: "tomorrow", because: "x" },
              { name: "web-1", reason: "x", until: "2026-12-31" },
            ],
          }),
        ),
      [
        'outcome is not a setting of this rule; did you mean "outcomes"?',
        'outcomes[0] must be a list of "replace", "restart", "nextBoot"',
        'onUnknown must be "allow" or "deny"',
        "exceptions[0].name must be the name of a resource",
        "exceptions[0].reason must be the reason for the exception, in words",
        'exceptions[0].until must be a day of the calendar as YYYY-MM-DD, e.g. "2027-03-31"',
        "exceptions[1].because is not a field of an exception; expected one of name, reason, until",
        "exceptions[1].reason is required and must be the reason for the exception, in words",
        'exceptions[1].until must be a day of the calendar as YYYY-MM-DD, e.g. "2027-03-31"',
      ],
    ],
    [
      "two exceptions of one domain",
      () =>
        noDowntime({
          exceptions: [
            { name: "web-1", reason: "x", until: "2026-12-31" },
            { name: "web-1", reason: "y", until: "2027-12-31" },
          ],
        }),
      ['exceptions[1].name is "web-1", as in exceptions[0]; keep one of them'],
    ],
    [
      "an enforcement level",
      () => noDowntime(any({ enforcementLevel: "urgent", onUnknown: "maybe" })),
      [
        'enforcementLevel must be "advisory", "mandatory", "remediate" or "disabled"',
        'onUnknown must be "allow" or "deny"',
      ],
    ],
    [
      "an enforcement level, with settings that a run has to complete",
      () => sizeCatalogue(any({ enforcementLevel: 1 })),
      ['enforcementLevel must be "advisory", "mandatory", "remediate" or "disabled"'],
    ],
    ["nothing to keep free", () => headroom({}), ["memory or slots must be set"]],
    [
      "headroom",
      () => headroom(any({ memory: "4 apples", slots: 0.5 })),
      ["memory is not a valid size", "slots must be a whole number of at least 1"],
    ],
    ["no limit", () => maxPerHost({}), ["memory, vcpus or hosts must be set"]],
    [
      "limits of hosts",
      () => maxPerHost(any({ hosts: { "qemu:///system": { memory: 0, cpus: 2 } } })),
      [
        'hosts["qemu:///system"].cpus is not a field of a limit; did you mean "vcpus"?',
        'hosts["qemu:///system"].memory must be greater than 0, e.g. "4GiB", "1003MiB" or 4096 (MiB)',
      ],
    ],
    [
      "no sizes",
      () => sizeCatalogue({ sizes: {} }),
      ["sizes has no size; add one, or pass what catalogue() returns"],
    ],
    [
      "sizes",
      () => reachable(any({ sizes: { small: { memory: "1GiB", vcpus: 0 }, large: { vcpus: 2 } } })),
      ["sizes.small.vcpus must be a whole number of at least 1", "sizes.large.memory is not a valid size"],
    ],
    [
      "names",
      () => adoptedStayAdopted(any({ domains: "web-1" })),
      ["domains must be a list of names of resources"],
    ],
  ])("%s", (_, make, expected) => {
    const found = refusal(make);
    expect(found).toMatch(/^the settings of the rule [a-z-]+ are refused:\n/);
    for (const line of expected) expect(found).toContain(`  ${line}`);
    if (expected.length > 1) expect(found.split("\n").length - 1).toBeGreaterThanOrEqual(expected.length);
  });
});

describe("the configuration of a run", () => {
  const args = (properties: object, config: object) => ({
    ...{ type: "libvirt-hotplug:index:Domain", name: "web-1", urn: "urn:web-1", props: properties },
    getConfig: () => config,
  });
  const judge = (rule: ReturnType<typeof headroom>, properties: object, config: object): Promise<string[]> =>
    inRun(false, async () => {
      const found: string[] = [];
      rule.validateResource(args(properties, config) as never, (text) => found.push(text));
      return found;
    });
  const domain = { memory: "1024MiB", maxMemory: "2048MiB", memorySlots: 16, vcpus: 1, change: "none" };

  test("has precedence over what the pack sets, and completes it", async () => {
    const rule = headroom({ memory: "1GiB" });
    expect(await judge(rule, domain, {})).toEqual([]);
    expect(await judge(rule, domain, { memory: "2GiB" })).toEqual([
      "web-1: after the change 1 GiB can grow by 1 GiB up to maxMemory (2 GiB), but 2 GiB is required. Raise maxMemory and memorySlots, or use a smaller size.",
    ]);
    const sizes = { small: { memory: "1GiB" } };
    expect(sizeCatalogue().configSchema.required).toEqual(["sizes"]);
    expect(await judge(sizeCatalogue(), domain, { sizes })).toEqual([]);
    expect(sizeCatalogue({ sizes }).configSchema.required).toBeUndefined();
  });

  test("is refused with all its failures, without the lines of a stack", async () => {
    const failed = await judge(headroom({ slots: 1 }), domain, { memory: "4GB", slots: -1, room: 2 }).catch(
      (error: Error) => error,
    );
    expect(failed).toBeInstanceOf(Error);
    expect((failed as Error).stack).toBe((failed as Error).message);
    expect((failed as Error).message.split("\n").map((line) => line.split(" ")[2])).toContain("room");
  });

  test("has no schema for what is under a URI, since Pulumi would show a password in it", () => {
    expect(maxPerHost({ vcpus: 1 }).configSchema.properties.hosts).toEqual({
      type: "object",
      description: expect.any(String),
    });
  });

  test("is described by a schema, with the pack's own settings as defaults", () => {
    const { configSchema, enforcementLevel, name } = noDowntime({
      enforcementLevel: "advisory",
      onUnknown: "allow",
    });
    expect({ name, enforcementLevel }).toEqual({ name: "no-downtime", enforcementLevel: "advisory" });
    expect(configSchema.properties.onUnknown).toMatchObject({ enum: ["allow", "deny"], default: "allow" });
    expect(Object.keys(configSchema.properties)).toEqual(["outcomes", "onUnknown", "exceptions"]);
  });
});

describe("domains that were adopted stay in the stack", () => {
  const resource = {
    type: "libvirt-hotplug:index:Domain",
    name: "old-2",
    urn: "urn:old-2",
    props: { memory: "1GiB" },
  };
  const said = async (args: Parameters<typeof adoptedStayAdopted>[0]): Promise<string[]> => {
    const rule = adoptedStayAdopted(args, { now: () => new Date("2026-11-29T23:59:59Z") });
    const found: string[] = [];
    await inRun(true, async () =>
      rule.validateStack({ resources: [resource], getConfig: () => ({}) } as never, (text) =>
        found.push(text),
      ),
    );
    return found;
  };
  const notAdopted = "old-2: it was adopted, but adopt isn't true. Set adopt: true.";
  const gone =
    "old-1: the stack no longer has this domain, so it would no longer be managed. Put it back into the program, with adopt: true.";

  test("each that isn't in it is named", async () => {
    expect(await said({ domains: ["old-1", "old-2"] })).toEqual([notAdopted, gone]);
  });

  test.each([
    ["2026-11-29", []],
    ["2026-11-28", [`${gone}\nThe exception of old-1 ended on 2026-11-28 (retired).`]],
  ])("an exception of one that is gone holds until its last day: %s", async (until, expected) => {
    const exceptions = [{ name: "old-1", reason: "retired", until }];
    expect(await said({ domains: ["old-1"], exceptions })).toEqual(expected);
  });
});
