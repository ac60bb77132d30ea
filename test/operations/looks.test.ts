import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import type { UserError } from "../../provider/errors.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, OneResource, Run, URN, wire } from "../support/one-resource.ts";
import { GROW, GROW_DETAILS, headlineOf, message, unreachable } from "../support/texts.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };
const grown = { ...args, memory: "1259MiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  host.calls.length = 0;
});

const looks = () => host.calls.filter((call) => call === "findByUuid").length;

describe("a preview", () => {
  test("of an unchanged resource makes no call, and no connection", async () => {
    expect(await stack.preview({ ...args, memory: 1003 })).toMatchObject({ kind: "same" });
    expect([host.calls, stack.run.connections, stack.run.said]).toEqual([[], [], []]);
  });

  test.each([
    ["a setting", { shutdownTimeout: 5 }, "setting only: shutdownTimeout"],
    ["a setting of hotplug", { hotplug: { awaitGuest: 5 } }, "setting only: hotplug"],
  ])("of a change of %s follows from the state, without a look", async (_, change, said) => {
    expect(await stack.preview({ ...args, ...change })).toMatchObject({ kind: "update" });
    expect([host.calls, stack.run.said]).toEqual([[], [said]]);
  });

  test("of a change of hotplug that decides which sizes are live looks once, for its headroom", async () => {
    const { kind, inputs } = await stack.preview({ ...args, hotplug: { alignment: "128MiB" } });
    expect([kind, looks(), stack.run.said]).toEqual(["update", 1, ["setting only: hotplug"]]);
    expect(inputs.headroom).toMatchObject({ memory: [{ step: "128MiB" }] });
  });

  test.each([
    ["the description", { description: "shop" }, "live: change description in the definition"],
    [
      "vCPUs",
      { vcpus: 3 },
      message(
        "live: vCPUs 2 → 3 (of at most 8)",
        "maximum without a restart: 8 vCPUs",
        "1. add 1 vCPU to the running domain (3 of at most 8)",
        "2. set the definition to 3 of 8 vCPUs for the next boot",
      ),
    ],
    ["autostart", { autostart: true }, "live: turn autostart on"],
  ])("of a change of %s looks once, and announces what the domain needs as well", async (_, change, said) => {
    expect(await stack.preview({ ...args, ...change })).toMatchObject({ kind: "update" });
    expect([looks(), stack.run.said]).toEqual([1, [said]]);
    host.turnOff(host.only.uuid);
    await stack.preview({ ...args, ...change });
    expect(stack.run.said.join("\n")).toContain("start the domain, which is off");
  });

  test("of a change of memory looks once for check and diff together", async () => {
    const { kind, inputs } = await stack.preview(grown);
    expect([kind, inputs.memoryPlan]).toEqual(["update", GROW]);
    expect(stack.run.messages).toEqual([
      { urn: URN, severity: "info", text: message(GROW, ...GROW_DETAILS) },
    ]);
    expect([looks(), stack.run.connections.length]).toEqual([1, 1]);
    expect(host.calls).not.toContain("define");
  });

  test("shows what the state doesn't have yet", async () => {
    host.turnOff(host.only.uuid);
    const { inputs } = await stack.preview({ ...args, memory: "1300MiB" });
    const headline = "live: 1003 → 1300 MiB in the definition (the domain is off)";
    expect(inputs.memoryPlan).toBe(headline);
    expect(stack.run.said.map(headlineOf)).toEqual([headline]);
    expect(stack.run.said[0]).toContain("2. start the domain, which is off");
  });

  test("of a domain that doesn't exist asks for a refresh, and up does nothing", async () => {
    host.domains.clear();
    await stack.preview(grown);
    expect(stack.run.said).toEqual([
      message(
        `domain web-1 (${stack.recorded.id}) no longer exists on qemu:///system`,
        "run pulumi refresh and preview again, unless this run continues an interrupted replace",
      ),
    ]);
    await expect(stack.up(grown)).rejects.toThrow("no longer exists on qemu:///system");
    expect(host.domains.size).toBe(0);
  });
});

describe("diff", () => {
  const refused = { ...args, memory: "1300MiB", hotplug: { whenNotPossible: "error" } };

  test("refuses with an error that has the details, and logs nothing besides", async () => {
    const error: UserError = await stack.preview(refused).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(error.code).toBe("not-aligned");
    expect(error.message.split("\n")).toEqual([
      "refused: 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB)",
      "the increase of 297 MiB is not a multiple of 256 MiB",
      expect.stringMatching(/^sizes that work without a restart: 1259 MiB/),
      expect.stringMatching(/^hotplug.whenNotPossible is "error", so nothing is done/),
    ]);
    expect(stack.run.said).toEqual([]);
  });

  test("refuses nothing in a refresh, which calls it without check: the refresh is the way out", async () => {
    const unreachable = new OneResource(new ConnectionError("nobody answers"), `${URN}x`);
    const { inputs } = await unreachable.preview({ ...refused, name: "web-1" });
    const { id, outputs } = stack.recorded;
    const run = new Run(stack.hosts);
    const answer = await run.provider.diff?.(
      id,
      wire(outputs),
      wire({ ...inputs, __urn: URN, name: "web-1" }),
    );
    expect(answer).toMatchObject({ changes: true });
  });

  describe("in a refresh, which doesn't know the program's ignoreChanges", () => {
    /** A refresh of what others did, as the engine makes it: the new outputs against the inputs of the program. */
    async function refreshed(program: object, others: () => void) {
      await stack.up({ ...args, ...program });
      const { inputs } = stack.recorded;
      others();
      await stack.refresh();
      const { run, recorded } = stack;
      host.calls.length = 0;
      const answer = await run.provider.diff?.(recorded.id, wire(recorded.outputs), wire(inputs));
      return { answer, run };
    }
    const defineByHand = (from: RegExp | string, to: string) => () =>
      host.change(host.only.uuid, { inactive: (host.only.inactive ?? "").replace(from, to) });

    const bootWithLess = () => {
      host.turnOff(host.only.uuid);
      defineByHand(/1027072/g, "921600")();
      host.boot(host.only.uuid);
    };

    test.each<[string, object, () => void]>([
      ["a replacement", {}, bootWithLess],
      ["a restart", { hotplug: { whenNotPossible: "restart" } }, bootWithLess],
      ["a change at the next boot", {}, defineByHand(/>8<\/vcpu>/, ">16</vcpu>")],
      ["a start", {}, () => host.turnOff(host.only.uuid)],
      ["a refusal", { hotplug: { whenNotPossible: "error" } }, bootWithLess],
    ])("%s isn't announced, and nothing is passed on to a later operation", async (_, program, others) => {
      const { answer, run } = await refreshed(program, others);
      expect(answer).not.toMatchObject({ changes: false });
      expect(answer?.replaces).toBeUndefined();
      expect([run.said, host.calls]).toEqual([[], []]);
      // The same run goes on with the program: `pulumi up --refresh`, which ignores the difference.
      const { id, inputs, outputs } = stack.recorded;
      await expect(run.provider.update?.(id, wire(outputs), wire(inputs))).resolves.toBeDefined();
    });
  });

  test("never has the old domain deleted after the new one, which has the same UUID", async () => {
    const { id, outputs, inputs } = stack.recorded;
    for (const news of [inputs, { ...inputs, memory: "1259MiB" }, { ...inputs, arch: "aarch64" }]) {
      const answer = await new Run(stack.hosts).provider.diff?.(id, wire(outputs), wire(news));
      expect(answer).toMatchObject({ deleteBeforeReplace: true });
    }
  });

  test("looks at the old URI if the new one isn't known yet", async () => {
    const { kind } = await stack.preview({ ...grown, uri: UNKNOWN });
    expect([kind, stack.run.connections, looks()]).toEqual(["update", ["qemu:///system"], 1]);
    expect(stack.run.said.map(headlineOf)).toEqual([GROW]);
  });

  test("of a replace lists the fields, deletes first and warns", async () => {
    const { replaces } = await stack.preview({ ...args, memory: "1300MiB", name: "front" });
    expect(replaces).toEqual(["memory", "name"]);
    expect(stack.run.messages).toMatchObject([{ urn: URN, severity: "warning" }]);
  });
});

describe("with the hypervisor out of reach", () => {
  beforeEach(() => {
    stack.hosts = { "qemu:///system": new ConnectionError("nobody answers") };
  });

  test("an unchanged resource previews as always", async () => {
    expect(await stack.preview(args)).toMatchObject({ kind: "same" });
    expect(stack.run.said).toEqual([]);
  });

  test("a change is planned from the state, which a detail says", async () => {
    const { kind, inputs } = await stack.preview(grown);
    expect([kind, inputs.memoryPlan]).toEqual(["update", "1003 → 1259 MiB"]);
    const [maximum = "", ...steps] = GROW_DETAILS;
    expect(stack.run.said).toEqual([message(GROW, maximum, unreachable("nobody answers"), ...steps)]);
    expect(stack.run.connections).toEqual(["qemu:///system"]);
  });

  test("a replace is planned too, as a warning", async () => {
    const { kind, replaces } = await stack.preview({ ...args, memory: "1300MiB" });
    expect([kind, replaces]).toEqual(["replace", ["memory"]]);
    expect(stack.run.messages.map(({ severity }) => severity)).toEqual(["warning"]);
  });

  test("a failed connection is remembered for all domains of the host during the run", async () => {
    await stack.preview(grown);
    const { run } = stack;
    for (const name of ["web-2", "web-3", "web-4"]) {
      const __urn = URN.replace("web-1", name);
      const olds = { ...stack.recorded.inputs, __urn, name };
      const checked = await run.provider.check?.(wire(olds), wire({ ...grown, __urn, name }));
      await run.provider.diff?.(name, wire({ ...stack.recorded.outputs, ...olds }), checked?.inputs ?? {});
    }
    expect(run.said).toHaveLength(4);
    expect(run.connections).toHaveLength(1);
  });

  test("the next run tries again", async () => {
    await stack.preview(grown);
    stack.hosts = { "qemu:///system": host };
    expect((await stack.preview(grown)).inputs.memoryPlan).toBe(GROW);
  });
});

describe("a domain whose calls are never answered", () => {
  test("is planned from the state after 5 s, and delays no other", async () => {
    const other = new OneResource(host, URN.replace("web-1", "web-2"));
    await other.up(args);
    host.sick.add(stack.recorded.id);
    const run = new Run(stack.hosts);
    stack.run = run;
    const looks = [stack, other].map(async ({ recorded, urn }) => {
      const checked = await run.provider.check?.(wire(recorded.inputs), wire({ ...grown, __urn: urn }));
      await run.provider.diff?.(recorded.id, wire(recorded.outputs), checked?.inputs ?? {});
      return checked?.inputs.memoryPlan;
    });
    expect(await looks[1]).toBe(GROW);
    expect(await Promise.all(looks)).toEqual(["1003 → 1259 MiB", GROW]);
    expect(run.said.map(headlineOf)).toEqual([GROW, GROW]);
    const late = `qemu:///system did not answer for domain ${stack.recorded.id} within 5 s`;
    expect(run.said.filter((text) => text.includes(unreachable(late)))).toHaveLength(1);
    expect(run.said.filter((text) => text.includes("unreachable"))).toHaveLength(1);
    expect(run.connections).toHaveLength(1);
  });
});
