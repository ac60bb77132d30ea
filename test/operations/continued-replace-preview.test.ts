import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { OneResource } from "../support/one-resource.ts";

const OLD = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };
const NEW = { ...OLD, arch: "aarch64" };

type Program = Record<string, unknown>;

/** What the program asks for once a replace of its domain by another architecture was interrupted. */
const programs: [string, Program][] = [
  ["the same", NEW],
  ["more memory too", { ...NEW, memory: "1259MiB" }],
  ["more vCPUs too", { ...NEW, vcpus: 4 }],
  ["the earlier program", OLD],
  ["more memory instead", { ...OLD, memory: "1259MiB" }],
  ["fewer vCPUs instead", { ...OLD, vcpus: 1 }],
  ["another CPU instead", { ...OLD, cpu: "Nehalem" }],
  ["a setting instead", { ...OLD, shutdownTimeout: 5 }],
  ["a domain that is off instead", { ...OLD, running: false }],
];

async function scene() {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up(OLD);
  host.calls.length = 0;
  return { host, stack };
}

let pending: Promise<number[]> | undefined;

/** The calls of a replace after which the engine has recorded its delete, but not its create. */
async function pendingAfter(): Promise<number[]> {
  const { host, stack } = await scene();
  await stack.up(NEW);
  const calls: number[] = [];
  for (const call of interruptions(host.calls))
    if ((await endedAt(call)).stack.state?.isPendingReplacement) calls.push(call);
  return calls;
}

async function endedAt(call: number) {
  const made = await scene();
  made.host.death = { call, carriedOut: true };
  await made.stack.up(NEW).catch(() => undefined);
  made.host.death = undefined;
  return made;
}

const PLANNED = /^(live|next boot|restart|replace): /;
const OUTCOMES: Record<string, string> = { "next boot": "nextBoot" };

describe.each(programs)("after an interrupted replace, a preview of %s", (_, program) => {
  test("announces what the up does, wherever the replace was interrupted", { timeout: 120_000 }, async () => {
    pending ??= pendingAfter();
    const calls = await pending;
    expect(calls.length).toBeGreaterThan(5);
    for (const call of calls) {
      const { host, stack } = await endedAt(call);
      const { kind, inputs } = await stack.preview(program);
      expect(kind).toBe("replace");
      const { rows, said } = stack.run;
      const row = rows.at(-1) ?? "";
      const [, planned] = PLANNED.exec(row) ?? [];
      const about = `call ${call}: ${JSON.stringify({ rows, plan: inputs.memoryPlan })}`;
      // The engine creates the domain: an update is only announced where the new one runs already.
      if (planned === undefined) expect(row, about).toMatch(/^continues an interrupted replace: /);
      else expect(OUTCOMES[planned] ?? planned, about).toBe(inputs.change);
      if (inputs.change === "none") expect(planned, about).toBeUndefined();
      if (rows.filter((one) => PLANNED.test(one) && one !== row).length > 0)
        expect(said.at(-1), about).toContain("the plan above is not carried out: ");

      host.calls.length = 0;
      await stack.up(program);
      const isMade = !row.endsWith("nothing to do") && (planned === undefined || planned === "replace");
      expect(host.calls.includes("start"), about).toBe(isMade && program.running !== false);
      expect(host.calls.includes("attachDevice"), about).toBe(planned === "live");
      const own = host.only;
      expect(own.power, about).toBe(program.running === false ? "shutoff" : "running");
      const { memory, replacing } = readDomain(own.live ?? own.inactive ?? "");
      expect(memory, about).toBe(program.memory === "1259MiB" ? 1259 * 1024 : 1003 * 1024);
      expect(replacing, about).toBeUndefined();
      expect(await stack.up(program), about).toBe("same");
    }
  });
});
