import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, OneResource, URN } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };

type Program = Record<string, unknown>;

/** A change that diff answers with a replace. */
const arch = { arch: "aarch64" };

interface Way {
  way: string;
  /** What the program changes with it. */
  change: Program;
  replace: (stack: OneResource, program: Program) => Promise<unknown>;
}

/** All ways in which the engine (3.260) comes to replace a resource, with the provider calls that each of them makes. */
const ways: Way[] = [
  { way: "diff asks for it", change: arch, replace: (stack, program) => stack.up(program) },
  {
    way: "replaceOnChanges asks for it",
    change: { shutdownTimeout: 5 },
    replace: (stack, program) => stack.upReplacedOnChanges(program),
  },
  {
    way: "--replace, --target-replace or a taint asks for it",
    change: {},
    replace: (stack, program) => stack.upForced(program),
  },
];

/** What runs or may run. The next update on a host removes a probe that a killed one left. */
const domainsOf = (host: FakeHypervisor) =>
  [...host.domains.values()].filter(({ name }) => !name.startsWith("pulumi-libvirt-hotplug-probe-"));

const failing = (message: string) => libvirtError(ErrorCode.INTERNAL, message);

/** A domain that a create didn't make: it ran before, and has no metadata of this provider. */
async function adopted(
  more: Program = {},
): Promise<{ host: FakeHypervisor; stack: OneResource; program: Program }> {
  const { host } = await created(args);
  const { uuid, inactive, live } = host.only;
  const bare = (xml = "") => xml.replace(/<metadata>[\s\S]*?<\/metadata>/, "");
  host.change(uuid, { inactive: bare(inactive), live: bare(live) });
  const stack = new OneResource(host, URN.replace("web-1", "other"));
  const program = { ...args, name: "web-1", adopt: true, ...more };
  await stack.up(program);
  host.calls.length = 0;
  return { host, stack, program };
}

describe.each(ways)("a replace, where $way,", ({ way, change, replace }) => {
  let host: FakeHypervisor;
  let stack: OneResource;
  const program = { ...args, ...change };

  beforeEach(async () => {
    ({ host, stack } = await created(args));
    host.calls.length = 0;
  });

  const attempt = (more: Program = {}) =>
    replace(stack, { ...program, ...more }).then(
      () => undefined,
      (error: Error) => error,
    );

  /** --replace begins like a create, which only continues with a domain that runs as the program wants. */
  function isRefused(error: Error | undefined): boolean {
    if (error === undefined || !way.startsWith("--replace")) return false;
    expect(error.message).toContain("differs from the program in running");
    expect(error.message).toContain("first run pulumi up without that");
    expect(host.calls).not.toContain("setMetadata");
    return true;
  }

  test("ends with a new domain that runs, and a second up changes nothing", async () => {
    await replace(stack, program);
    expect(host.calls.filter((call) => /^(shutdown|start)$/.test(call))).toEqual(["shutdown", "start"]);
    expect(host.only).toMatchObject({ name: "web-1", power: "running" });
    expect(readDomain(host.only.inactive ?? "").replacing).toBeUndefined();
    expect(await stack.up(program)).toBe("same");
  });

  test("puts the old domain back where the new one can't start", async () => {
    const start = host.start.bind(host);
    let starts = 0;
    host.start = (domain) => (starts++ === 0 ? host.failed("start", failing("can't start")) : start(domain));
    await expect(replace(stack, program)).rejects.toThrow("the old domain was put back and started");
    expect(host.only).toMatchObject({ name: "web-1", power: "running" });
    await stack.up(program);
    expect(await stack.up(program)).toBe("same");
    expect(host.only.power).toBe("running");
  });

  test("never leaves less than one domain, wherever its connection is lost", async () => {
    await replace(stack, program);
    for (const call of interruptions(host.calls)) {
      const { host, stack } = await created(args);
      host.calls.length = 0;
      host.death = { call, carriedOut: true };
      await replace(stack, program).catch(() => undefined);
      host.death = undefined;
      expect(domainsOf(host), `after call ${call}`).not.toEqual([]);
      await stack.up(program);
      expect(await stack.up(program), `after call ${call}`).toBe("same");
      expect(domainsOf(host), `after call ${call}`).toMatchObject([{ name: "web-1", power: "running" }]);
    }
  });

  test.each(["adopt: true", "adopt removed"])("is refused for an adopted domain (%s)", async (how) => {
    const { host, stack, program } = await adopted();
    const { adopt: _, ...without } = program;
    const before = structuredClone(host.only);
    const next = { ...(how === "adopt removed" ? without : program), ...change };
    await expect(replace(stack, next)).rejects.toThrow();
    expect(host.only).toEqual(before);
    expect(host.calls).not.toContain("shutdown");
    expect(await stack.up(program)).toBe("same");
  });

  test("of a domain that somebody paused resumes it and shuts it down", async () => {
    host.change(host.only.uuid, { power: "paused", reason: 1 });
    if (isRefused(await attempt())) return;
    expect(host.calls.filter((call) => /^(resume|shutdown|destroy|start)$/.test(call))).toEqual([
      "resume",
      "shutdown",
      "start",
    ]);
  });

  test("of a guest that is asleep wakes it and shuts it down", async () => {
    host.change(host.only.uuid, { power: "pmsuspended" });
    if (isRefused(await attempt())) return;
    expect(host.calls.filter((call) => /^(wake|shutdown|destroy|start)$/.test(call))).toEqual([
      "wake",
      "shutdown",
      "start",
    ]);
  });

  test.each([
    ["paused by an I/O error", { power: "paused", reason: 5 }, "domain-halted"],
    ["paused by the watchdog", { power: "paused", reason: 6 }, "domain-halted"],
    ["crashed", { power: "crashed" }, "domain-halted"],
    ["held by another job", { power: "paused", reason: 9 }, "domain-busy"],
  ] as const)("of a domain that is %s is refused, with the domain left alone", async (_, state, code) => {
    const { uuid } = host.only;
    host.change(uuid, state);
    const before = structuredClone(host.only);
    const error = await attempt();
    const text = code === "domain-halted" ? "can't shut down" : "another job holds the domain";
    if (!isRefused(error)) expect(error?.message).toContain(text);
    expect(host.only).toEqual(before);
  });

  test("of a halted domain forces it off where the program allows that", async () => {
    await stack.up({ ...args, forceOff: true });
    host.change(host.only.uuid, { power: "paused", reason: 5 });
    host.calls.length = 0;
    if (isRefused(await attempt({ forceOff: true }))) return;
    expect(host.calls.filter((call) => /^(resume|shutdown|destroy|start)$/.test(call))).toEqual([
      "destroy",
      "start",
    ]);
    expect(stack.run.said.join("\n")).toContain("forced off");
    expect(host.only.power).toBe("running");
  });

  test("keeps the UUID, the name and the MACs of a resource that was renamed by an alias", async () => {
    const { host, stack } = await created({ ...args, interfaces: [{ user: true }] });
    const { uuid, name } = host.only;
    const mac = /<mac address='[^']*'/.exec(host.only.inactive ?? "")?.[0];
    stack.urn = URN.replace("web-1", "front");
    const next = { ...args, interfaces: [{ user: true }], vcpus: 4 };
    await stack.up(next);
    host.calls.length = 0;
    const error = await replace(stack, { ...next, ...change }).catch((error: Error) => error);
    expect([...host.domains.values()]).toMatchObject([{ uuid, name, power: "running" }]);
    if (error instanceof Error) {
      // Neither check nor delete knows the old name.
      expect(error.message).toContain("change an argument that needs a replacement instead");
      expect(host.calls).not.toContain("shutdown");
    } else expect(host.only.inactive).toContain(mac);
    expect(await stack.up({ ...next, ...(error instanceof Error ? {} : change) })).toBe("same");
  });
});

describe("a preview of a replace that diff didn't plan", () => {
  test("by replaceOnChanges names it and what is lost", async () => {
    const { host, stack } = await created(args);
    host.change(host.only.uuid, { power: "paused", reason: 1 });
    const program = { ...args, shutdownTimeout: 5 };
    await stack.preview(program);
    const inputs = await stack.check({}, program);
    const line =
      "replace: the domain is deleted and recreated (requested by a resource option such as replaceOnChanges)";
    expect(inputs).toMatchObject({ memoryPlan: line, change: "replace", memoryChange: "replace" });
    const said = stack.run.said.join("\n");
    expect(said).toContain(line);
    expect(said).toContain("NVRAM, TPM state, snapshots and manual changes are lost");
    expect(said).toContain("it is resumed first, to shut down");
  });

  test("by replaceOnChanges takes back the plan that diff has shown, if there is one", async () => {
    const notMade = "the plan above is not carried out: the new domain has all changes";
    for (const change of [{ memory: "1259MiB" }, { vcpus: 3 }, { shutdownTimeout: 5 }]) {
      const { stack } = await created(args);
      await stack.preview({ ...args, ...change });
      expect(stack.run.said.length).toBe(1);
      await stack.check({}, { ...args, ...change });
      expect(stack.run.said[1]).toContain(notMade);
    }
    const { stack } = await created(args);
    await stack.previewForced(args);
    expect(stack.run.said.join("\n")).not.toContain(notMade);
  });

  test("is refused for an adopted domain, with what would work", async () => {
    for (const adopt of [true, undefined]) {
      const { stack, program } = await adopted();
      const { adopt: _, ...without } = program;
      const next = { ...without, ...(adopt && { adopt }), shutdownTimeout: 5 };
      await stack.preview(next);
      await expect(stack.check({}, next)).rejects.toThrow(
        "adopted domains are never replaced; remove replaceOnChanges from the program",
      );
    }
  });

  test("is refused where the old domain is to be kept", async () => {
    const { stack } = await created({ ...args, onDelete: "keep" });
    const next = { ...args, onDelete: "keep", shutdownTimeout: 5 };
    await stack.preview(next);
    await expect(stack.check({}, next)).rejects.toThrow('onDelete "keep" leaves the old domain');
  });

  test("by --replace says that the domain may be recreated", async () => {
    const { stack } = await created(args);
    await stack.previewForced(args);
    expect(stack.run.said.join("\n")).toContain("--replace");
  });
});

describe("a program in which adopt was added to a domain that this provider created", () => {
  test.each(ways)("keeps the domain, where $way", async ({ change, replace }) => {
    const { host, stack } = await created(args);
    await replace(stack, { ...args, adopt: true, ...change }).catch(() => undefined);
    expect(host.only).toMatchObject({ power: "running" });
    expect(readDomain(host.only.inactive ?? "").replacing).toBeUndefined();
  });
});

test("--replace of a domain that has grown is refused until the domain is restarted", async () => {
  const grown = { ...args, memory: "1259MiB", hotplug: { awaitGuest: false } };
  const { host, stack } = await created(args);
  await stack.up(grown);
  const before = structuredClone(host.only);
  await expect(stack.upForced(grown)).rejects.toThrow("if memory was added since the domain was started");
  expect(host.only).toEqual(before);
  host.turnOff(host.only.uuid);
  await host.start({ id: -1, ...host.only });
  await stack.refresh();
  await stack.upForced(grown);
  expect(host.only).toMatchObject({ name: "web-1", power: "running" });
  expect(await stack.up(grown)).toBe("same");
});

describe("a replace whose create ended after it had started the new domain", () => {
  const smaller = { ...args, memory: "900MiB" };

  async function startedNew(): Promise<{ host: FakeHypervisor; stack: OneResource }> {
    const { host, stack } = await created(args);
    const start = host.start.bind(host);
    host.start = async (domain) => {
      const started = await start(domain);
      host.death = { call: host.calls.length, carriedOut: true };
      return started;
    };
    await expect(stack.up(smaller)).rejects.toThrow("the connection to qemu:///fake is gone");
    host.death = undefined;
    host.start = start;
    return { host, stack };
  }

  test("leaves it running, whatever libvirt refuses then", async () => {
    for (const refuse of ["define", "start", "setAutostart", "setMetadata"] as const) {
      const { host, stack } = await startedNew();
      host.refuses.set(refuse, failing("refused"));
      await stack.up(smaller).catch(() => undefined);
      const { uuid } = stack.recorded.outputs;
      expect(
        host.undefined.filter((each) => each.uuid === uuid),
        refuse,
      ).toHaveLength(1);
      host.refuses.delete(refuse);
      await stack.up(smaller);
      expect(host.only, refuse).toMatchObject({ name: "web-1", power: "running" });
      expect(readDomain(host.only.live ?? "").memory).toBe(900 * 1024);
      expect(await stack.up(smaller), refuse).toBe("same");
    }
  });

  test("leaves it running where libvirt reports an error of that start", async () => {
    const { host, stack } = await created(args);
    const start = host.start.bind(host);
    host.start = async (domain) => {
      await start(domain);
      throw failing("can't say what became of it");
    };
    await expect(stack.up(smaller)).rejects.toThrow(
      /became of it\nthe new domain web-1 runs with 900 MiB and is left unchanged/,
    );
    host.start = start;
    await stack.up(smaller);
    expect(host.only).toMatchObject({ name: "web-1", power: "running" });
    expect(await stack.up(smaller)).toBe("same");
  });
});

describe("an operation that lost its connection, and a program that was put back", () => {
  const restart = { hotplug: { whenNotPossible: "restart" } };
  const stories: [name: string, before: Program, after: Program][] = [
    ["replace", args, { ...args, memory: "900MiB" }],
    ["replace under another name", args, { ...args, name: "front" }],
    ["restart", { ...args, ...restart }, { ...args, ...restart, memory: "900MiB", vcpus: 4 }],
    ["shut down", args, { ...args, running: false }],
  ];

  test.each(stories)(
    "%s: the next ups end with a running domain",
    { timeout: 60_000 },
    async (_, before, after) => {
      const undisturbed = await created(before);
      undisturbed.host.calls.length = 0;
      await undisturbed.stack.up(after);
      for (const call of interruptions(undisturbed.host.calls)) {
        const { host, stack } = await created(before);
        host.calls.length = 0;
        host.death = { call, carriedOut: true };
        await stack.up(after).catch(() => undefined);
        host.death = undefined;
        const ends: string[] = [];
        const up = () => stack.up(before).catch((error: Error) => error.message);
        while (ends.length < 4 && ends.at(-1) !== "same") ends.push(await up());
        const how = `after call ${call}: ${ends.join("; ")}`;
        // A new domain under the new name is the resource's by now; the program that still wants the old name is refused.
        if (/already used/.test(ends.at(-1) ?? "")) ends.push(await stack.up(after));
        expect(domainsOf(host), how).toMatchObject([{ power: "running" }]);
        expect(ends.at(-1), how).toMatch(/^(same|replace)$/);
      }
    },
  );
});
