import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { headroom, noDowntime, reachable } from "../../sdk/policy/index.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PLUGIN_URN } from "../support/plugin-in-process.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import { analyzeStack, inRun } from "../support/policy-pack.ts";
import { cases } from "../support/properties.ts";

const sizes = {
  small: { memory: "512MiB", vcpus: 1 },
  medium: { memory: "1GiB", vcpus: 2 },
  large: { memory: "2GiB", vcpus: 4 },
};

/** A stack of one domain on the plugin, whose runs a policy pack judges. */
class JudgedStack {
  readonly host = new FakeHypervisor();
  readonly stack = new PluginStack(this.host, { awaitGuest: "false", domainType: "qemu" });

  /** Whether a preview of this program passes the rule; undefined if the program is refused. */
  async allows(rule: ReturnType<typeof noDowntime>, program: object): Promise<boolean | undefined> {
    const previewed = await this.stack.preview({ ...program }).catch(() => undefined);
    if (previewed === undefined) return undefined;
    const type = "libvirt-hotplug:index:Domain";
    // The engine passes no property on that is hidden.
    const properties = Object.fromEntries(
      Object.entries(previewed.outputs).filter(([name]) => !name.startsWith("__")),
    );
    const resource = { type, name: "web-1", urn: PLUGIN_URN, properties };
    return (await inRun(true, () => analyzeStack([rule], [resource]))).length === 0;
  }

  /** The start of the domain: a restart or a replacement has another one. */
  get start(): unknown {
    const { id, uuid } = this.host.only;
    return `${uuid} ${id}`;
  }
}

const program = fc.record(
  {
    memory: fc.constantFrom("512MiB", "700MiB", "768MiB", "1GiB", "1280MiB", "2GiB", "3GiB"),
    vcpus: fc.constantFrom(1, 2, 3, 4),
    maxMemory: fc.constantFrom("3GiB", "4GiB", "8GiB"),
    memorySlots: fc.constantFrom(1, 2, 8),
    cpu: fc.constantFrom("host-model", "qemu64"),
    running: fc.boolean(),
    shutdownTimeout: fc.constantFrom(0, 5),
    hotplug: fc.record(
      {
        whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot"),
        applyOn: fc.constantFrom("now", "nextBoot"),
        allowUnplug: fc.boolean(),
        alignment: fc.constantFrom("128MiB", "256MiB", "512MiB"),
        maxDimmSize: fc.constantFrom("256MiB", "512MiB"),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const first = { memory: "512MiB", maxMemory: "4GiB", maxVcpus: 4, vcpus: 1, memorySlots: 4, forceOff: true };

describe("what a rule allows is so", () => {
  property.prop([program, program], cases(15))(
    "noDowntime: the domain keeps running",
    async (before, change) => {
      const { stack, ...judged } = prepared();
      await stack.up({ ...first, ...before }).catch(() => undefined);
      fc.pre(stack.state !== undefined);
      const news = { ...first, ...before, ...change };
      const allowed = await judged.of.allows(noDowntime(), news);
      fc.pre(allowed !== undefined);
      const { power } = judged.of.host.only;
      const { start } = judged.of;
      const kind = await stack.up(news).catch(() => "failed");
      fc.pre(kind !== "failed");
      const wasStopped = power === "running" && judged.of.start !== start;
      if (allowed) expect([kind === "replace", wasStopped]).toEqual([false, false]);
      else expect(kind === "replace" || wasStopped || judged.of.host.only.power !== "running").toBe(true);
    },
  );

  property.prop([program, fc.boolean()], cases(15))(
    "reachable: the next size is live after the change",
    async (change, allowUnplug) => {
      const { stack, ...judged } = prepared();
      await stack.up({ ...first });
      const news = { ...first, ...change, hotplug: { ...change.hotplug, allowUnplug } };
      const allowed = await judged.of.allows(reachable({ sizes }), news);
      fc.pre(allowed === true);
      const kind = await stack.up(news).catch(() => "failed");
      fc.pre(kind !== "failed");
      const own = stack.recorded.outputs as { memory: string; vcpus: number; pendingMemory?: string };
      const mib = Number.parseInt(own.memory, 10);
      const next = Object.values(sizes).find(({ memory, vcpus }) => {
        const size = memory.endsWith("GiB")
          ? Number.parseInt(memory, 10) * 1024
          : Number.parseInt(memory, 10);
        return size > mib || (size === mib && vcpus > own.vcpus);
      });
      fc.pre(next !== undefined);
      const { start } = judged.of;
      const after = { ...news, ...next, hotplug: { ...news.hotplug, applyOn: "now" } };
      expect(await stack.up(after)).toBe("update");
      expect(judged.of.start).toBe(start);
      // More vCPUs for a size that is pending leave it pending.
      const { memory, pendingMemory } = stack.recorded.outputs;
      expect(pendingMemory).toBe(memory === own.memory ? own.pendingMemory : undefined);
    },
  );

  property.prop([program, fc.integer({ min: 1, max: 4 }), fc.constantFrom(256, 1024, 2048)], cases(15))(
    "headroom: the domain has it after the change",
    async (change, slots, room) => {
      const { stack, ...judged } = prepared();
      await stack.up({ ...first });
      const news = { ...first, ...change };
      const rule = headroom({ slots, memory: room });
      const allowed = await judged.of.allows(rule, news);
      fc.pre(allowed === true);
      const kind = await stack.up(news).catch(() => "failed");
      fc.pre(kind !== "failed");
      const { memory, reachable } = stack.recorded.outputs as {
        memory: string;
        reachable: { to: string }[];
      };
      const mib = Number.parseInt(memory, 10);
      const isOff = judged.of.host.only.power === "shutoff";
      if (isOff) {
        // It grows in its definition, which takes any size.
        const larger = { ...news, memory: `${mib + room}MiB` };
        expect(await stack.up(larger)).toBe("update");
        expect(stack.recorded.outputs).toMatchObject({ state: "shutoff", nextBootMemory: larger.memory });
        await stack.up({ ...larger, running: true });
      } else {
        const most = Math.max(...reachable.map(({ to }) => Number.parseInt(to, 10)));
        expect(most - mib).toBeGreaterThanOrEqual(room);
      }
      const { live = "" } = judged.of.host.only;
      const started = Number(live.match(/<maxMemory slots=.(\d+)/)?.[1]);
      const used = live.match(/<memory model=.dimm./g)?.length ?? 0;
      expect(started - used).toBeGreaterThanOrEqual(slots);
    },
  );
});

function prepared() {
  const of = new JudgedStack();
  return { of, stack: of.stack };
}
