import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { SECRET, SIGNATURE } from "../../provider/args/secret-mark.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { CheckFailed, OneResource } from "../support/one-resource.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import { cases } from "../support/properties.ts";

const memory = "1003MiB";
const vnc = (password: string, rest: object = {}) => ({ graphics: { type: "vnc", password, ...rest } });

/** A stack whose domain runs with this program, and its host. */
async function started(program: Record<string, unknown>) {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up({ memory, ...program });
  return { host, stack };
}

const passwordIn = (xml: string | undefined) => /<graphics[^>]* passwd='([^']*)'/.exec(xml ?? "")?.[1];

describe("the password of a running domain's graphics", () => {
  it("is changed at once, and in the definition; a second up has nothing to do", async () => {
    const { host, stack } = await started(vnc("xyzzy"));
    expect(passwordIn(host.only.live)).toBe("xyzzy");
    const next = { memory, ...vnc("plugh") };
    const { inputs } = await stack.preview(next);
    expect(inputs.change).toBe("live");
    expect(stack.run.rows).toContain("live: change the VNC password, no restart");
    host.calls.length = 0;
    await stack.up(next);
    expect([host.only.live, host.only.inactive].map(passwordIn)).toEqual(["plugh", "plugh"]);
    // The first define is that of the probe.
    const changes = host.calls.filter((call) => call === "updateDevice" || call === "define");
    expect(changes).toEqual(["define", "updateDevice", "define"]);
    host.calls.length = 0;
    await stack.up(next);
    expect(host.calls).toEqual([]);
  });

  it.each([
    ["added", {}, { graphics: { type: "vnc", password: "plugh" } }],
    ["added to graphics", { graphics: { type: "vnc" } }, vnc("plugh")],
    ["removed", vnc("xyzzy"), { graphics: { type: "vnc" } }],
    ["changed with the port", vnc("xyzzy"), vnc("plugh", { port: 5999 })],
    ["that of another protocol", vnc("xyzzy"), { graphics: { type: "spice", password: "plugh" } }],
  ])("%s: at the next boot", async (_, before, after) => {
    const { host, stack } = await started(before);
    const { live } = host.only;
    await stack.up({ memory, ...after });
    expect(stack.run.rows).toContain("next boot: graphics, after a shutdown and start");
    expect(host.only.live).toBe(live);
    expect(host.calls).not.toContain("updateDevice");
  });

  it("waits for the next boot where the domain was started without one", async () => {
    const { host, stack } = await started({ graphics: { type: "vnc" } });
    await stack.up({ memory, ...vnc("xyzzy") });
    await stack.up({ memory, ...vnc("plugh") });
    expect(stack.run.rows).toContain("next boot: graphics, after a shutdown and start");
    expect(passwordIn(host.only.live)).toBeUndefined();
    expect(passwordIn(host.only.inactive)).toBe("plugh");

    await stack.up({ memory, ...vnc("plugh"), running: false });
    await stack.up({ memory, ...vnc("plugh") });
    for (const next of ["second", "third"]) {
      await stack.up({ memory, ...vnc(next) });
      expect(stack.run.rows).toContain("live: change the VNC password, no restart");
      expect([host.only.live, host.only.inactive].map(passwordIn)).toEqual([next, next]);
    }
  });

  it("comes with the definition where the domain is off", async () => {
    const { host, stack } = await started({ ...vnc("xyzzy"), running: false });
    await stack.up({ memory, ...vnc("plugh"), running: false });
    expect(stack.run.rows).toContain("live: change graphics in the definition");
    expect(passwordIn(host.only.inactive)).toBe("plugh");
  });

  it("is set again by the next up, wherever a run was killed", async () => {
    for (let call = 1; ; call++) {
      const { host, stack } = await started(vnc("xyzzy"));
      const done = host.calls.length;
      host.death = { call: done + call, carriedOut: true };
      const next = { memory, ...vnc("plugh") };
      const failed = await stack.up(next).then(
        () => false,
        () => true,
      );
      host.death = undefined;
      await stack.up(next);
      expect([host.only.live, host.only.inactive].map(passwordIn)).toEqual(["plugh", "plugh"]);
      if (!failed) return;
    }
  });

  it("that someone else changed is found by a refresh, and the next up sets the program's again", async () => {
    const { host, stack } = await started(vnc("xyzzy"));
    const { uuid, inactive = "" } = host.only;
    const calls = host.calls.length;
    await stack.refresh();
    const callsOfRefresh = host.calls.length - calls;
    expect(await stack.preview({ memory, ...vnc("xyzzy") })).toMatchObject({ kind: "same" });
    host.change(uuid, { inactive: inactive.replace("xyzzy", "theirs") });
    await stack.refresh();
    expect(host.calls.length - calls).toBe(2 * callsOfRefresh);
    await stack.up({ memory, ...vnc("xyzzy") });
    expect(stack.run.rows).toContain("live: change the VNC password, no restart");
    expect([host.only.live, host.only.inactive].map(passwordIn)).toEqual(["xyzzy", "xyzzy"]);
    host.calls.length = 0;
    await stack.up({ memory, ...vnc("xyzzy") });
    expect(host.calls).toEqual([]);
  });

  it("survives every other change of the definition", async () => {
    const { host, stack } = await started(vnc("xyzzy"));
    const steps = [{ vcpus: 3 }, { description: "shop" }, { memory: "1259MiB" }, { rng: {} }, { vcpus: 1 }];
    let program: Record<string, unknown> = { memory, ...vnc("xyzzy") };
    for (const step of steps) {
      program = { ...program, ...step };
      await stack.up(program);
      expect(passwordIn(host.only.inactive)).toBe("xyzzy");
    }
    expect(passwordIn(host.only.live)).toBe("xyzzy");
  });
});

/** What isn't wrapped as a secret. */
function visible(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && inner[SIGNATURE] === SECRET ? "[secret]" : inner,
  );
}

/** Words that nothing else has; some are numbers. */
const password = fc.constantFrom("xyzzy", "plugh77", "73737373", "7<&\"'8é").filter((one) => one.length <= 8);

describe("a password that the program sets as a plain string", () => {
  test.prop([password, password, fc.constantFrom("vnc", "spice")], cases(6))(
    "is a secret in every state of the plugin, and in no message",
    async (first, second, type) => {
      const host = new FakeHypervisor();
      const stack = new PluginStack(host);
      const shown: string[] = [];
      const run = async (work: () => Promise<unknown>) => {
        await work().catch((error: Error) => shown.push(error.message));
        shown.push(visible(stack.state ?? {}), ...stack.run.messages.map(({ text }) => text));
      };
      for (const graphics of [
        { type, password: first },
        { type, password: second },
        { type, password: 7 },
      ]) {
        await run(() => stack.preview({ memory, graphics }));
        await run(() => stack.up({ memory, graphics }));
        await run(() => stack.refresh());
      }
      const texts = [first, second].flatMap((one) => [one, JSON.stringify(one).slice(1, -1)]);
      expect(shown.filter((text) => texts.some((one) => text.includes(one)))).toEqual([]);
      expect(stack.recorded.inputs.graphics).toMatchObject({ type });
      // The mark is for everyone who may read the domain.
      expect(/<hotplug:domain[^>]*>/.exec(host.only.inactive ?? "")?.[0]).not.toContain(first);
    },
  );

  it("is marked by the dynamic provider, too", async () => {
    const { stack } = await started(vnc("xyzzy"));
    const { inputs } = await stack.preview({ memory, ...vnc("xyzzy") });
    expect(inputs.__secrets).toEqual(["graphics.password"]);
    expect(visible(stack.state)).toContain("graphics.password");
  });

  it("isn't named by a failure, which the engine would print with its value", async () => {
    const stack = new OneResource(new FakeHypervisor());
    const failed = await stack.preview({ memory, ...vnc("xyzzyplugh") }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CheckFailed);
    expect((failed as CheckFailed).failures).toEqual([
      {
        property: "",
        reason: "graphics.password (secret) is longer than 8 bytes, the most that VNC supports",
      },
    ]);
  });
});
