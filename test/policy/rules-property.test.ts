import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import {
  adoptedStayAdopted,
  headroom,
  maxPerHost,
  noDowntime,
  noUnknownOutcome,
  type Rule,
  type RuleArgs,
  reachable,
  sizeCatalogue,
} from "../../sdk/policy/index.ts";
import { analyze, analyzeStack, inRun, type WireResource } from "../support/policy-pack.ts";
import { cases } from "../support/properties.ts";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const OUTCOMES = ["none", "live", "nextBoot", "restart", "replace", "refuse", "unknown"];
const TODAY = "2026-11-28";
const clock = { now: () => new Date(`${TODAY}T12:00:00Z`) };

const sizes = {
  small: { memory: "1GiB", vcpus: 1, maxMemory: "8GiB" },
  medium: { memory: "2GiB", vcpus: 2, maxMemory: "8GiB" },
  large: { memory: "4GiB", vcpus: 2, maxMemory: "8GiB" },
};

/** Every rule, with settings under which it has something to say. */
const RULES: Record<string, (args: RuleArgs) => Rule> = {
  noDowntime: (args) => noDowntime(args, clock),
  noUnknownOutcome: (args) => noUnknownOutcome(args, clock),
  sizeCatalogue: (args) => sizeCatalogue({ ...args, sizes }, clock),
  reachable: (args) => reachable({ ...args, sizes }, clock),
  headroom: (args) => headroom({ ...args, memory: "1GiB", slots: 2 }, clock),
  adoptedStayAdopted: (args) => adoptedStayAdopted(args, clock),
  maxPerHost: (args) => maxPerHost({ ...args, memory: "3GiB", vcpus: 3 }, clock),
};

const mib = fc.constantFrom(512, 1024, 1280, 2048, 4096, 8192);
const size = mib.map((count) => `${count}MiB`);
const range = fc
  .tuple(mib, fc.constantFrom(256, 512), fc.integer({ min: 0, max: 8 }))
  .map(([from, step, count]) => ({
    from: `${from}MiB`,
    to: `${from + step * count}MiB`,
    step: `${step}MiB`,
  }));
const device = fc.record(
  {
    model: fc.constantFrom("dimm", "virtio-mem"),
    slot: fc.integer({ min: 0, max: 3 }),
    base: fc.constant("0x1"),
  },
  { requiredKeys: ["model"] },
);
const known = fc.record(
  {
    memory: size,
    maxMemory: size,
    memorySlots: fc.integer({ min: 1, max: 4 }),
    vcpus: fc.integer({ min: 1, max: 4 }),
    change: fc.constantFrom(...OUTCOMES),
    memoryChange: fc.constantFrom(...OUTCOMES),
    memoryPlan: fc.constant("live: 1024 → 2048 MiB"),
    reachable: fc.array(range, { maxLength: 2 }),
    reachableVcpus: fc.array(fc.constant({ from: 2, to: 4, step: 1 }), { maxLength: 1 }),
    memoryDevices: fc.array(device, { maxLength: 4 }),
    liveMemorySlots: fc.integer({ min: 0, max: 4 }),
    liveMemory: size,
    state: fc.constantFrom("running", "shutoff"),
    uri: fc.constantFrom("qemu:///system", "qemu+ssh://me:pass-7311@host/system"),
    name: fc.constantFrom("web-1", "db"),
    adopt: fc.boolean(),
    onDelete: fc.constantFrom("delete", "keep"),
  },
  { requiredKeys: ["memory", "maxMemory", "memorySlots", "vcpus", "change", "memoryChange"] },
);

function resourceOf(properties: Record<string, unknown>, type: string, name = "web-1"): WireResource {
  return { type, name, urn: `urn:pulumi:dev::shop::${type}::${name}`, properties };
}

/** A domain of the class as a preview that changes it has it: the inputs, with what check foresees of the outputs. */
const previewedOfClass = fc
  .record({
    inputs: known.map(
      ({ reachable, reachableVcpus, memoryDevices, liveMemory, liveMemorySlots, state, ...inputs }) => inputs,
    ),
    headroom: fc.record(
      {
        slots: fc.integer({ min: 0, max: 4 }),
        liveMemorySlots: fc.integer({ min: 0, max: 4 }),
        memory: fc.array(range, { maxLength: 2 }),
        vcpus: fc.array(fc.constant({ from: 2, to: 4, step: 1 }), { maxLength: 1 }),
      },
      { requiredKeys: [] },
    ),
    isOff: fc.boolean(),
  })
  .map(({ inputs, headroom, isOff }) => ({
    inputs,
    headroom: { ...headroom, ...(isOff && { running: false }) },
  }));

/** A domain of either, as a run may have it. */
const any = fc.oneof(
  known,
  previewedOfClass.map(({ inputs, headroom }): Record<string, unknown> => ({ ...inputs, headroom })),
);

const type = fc.constantFrom("pulumi-nodejs:dynamic/libvirt:Domain", "libvirt-hotplug:index:Domain");
const isPreview = fc.boolean();

/** What a rule says of a domain in a run: the text after the rule's description. */
async function said(rule: Rule, resource: WireResource, preview: boolean): Promise<string[]> {
  const found = await inRun(preview, async () => [
    ...(await analyze([rule], resource)),
    ...(await analyzeStack([rule], [resource])),
  ]);
  return found.map(({ message }) => message.split("\n").slice(1).join("\n"));
}

/** What it says before an update, or of the outputs that a preview predicts. */
async function analyzed(rule: Rule, resource: WireResource, preview: boolean): Promise<string[]> {
  const found = await inRun(preview, () =>
    preview ? analyzeStack([rule], [resource]) : analyze([rule], resource),
  );
  return found.map(({ message }) => message.split("\n").slice(1).join("\n"));
}

/** The rules that judge what is read back from a domain. */
const JUDGES_ROOM = new Set(["reachable", "headroom"]);

/** Puts something in the place of one value, at any depth. */
function placed(
  value: unknown,
  choose: (depth: number) => boolean,
  put: (value: unknown) => unknown,
  depth = 0,
): unknown {
  if (depth > 0 && choose(depth)) return put(value);
  if (Array.isArray(value)) return value.map((inner) => placed(inner, choose, put, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, placed(inner, choose, put, depth + 1)]),
  );
}

const kib = (text: unknown) => Number.parseInt(String(text), 10) * 1024;
const inRanges = (
  ranges: { from: unknown; to: unknown; step: unknown }[],
  wanted: number,
  read: (one: unknown) => number,
) =>
  ranges.some(({ from, to, step }) => {
    for (let at = read(from); at <= read(to); at += read(step)) if (at === wanted) return true;
    return false;
  });

interface Domain {
  memory: string;
  maxMemory: string;
  memorySlots: number;
  liveMemorySlots?: number;
  vcpus: number;
  state?: string;
  change: string;
  memoryChange: string;
  reachable?: { from: string; to: string; step: string }[];
  reachableVcpus?: { from: number; to: number; step: number }[];
  memoryDevices?: { model: string; slot?: number }[];
  adopt?: boolean;
  onDelete?: string;
}

/** What it means that a rule allows a domain whose values are all known, in a preview. */
const ALLOWS: Record<string, (domain: Domain) => boolean> = {
  noDowntime: ({ change }) => !["restart", "replace", "unknown"].includes(change),
  noUnknownOutcome: ({ change, memoryChange }) => change !== "unknown" && memoryChange !== "unknown",
  sizeCatalogue: ({ memory, vcpus, maxMemory }) =>
    Object.values(sizes).some(
      (one) =>
        kib(one.memory) * 1024 === kib(memory) && one.vcpus === vcpus && kib(maxMemory) === kib("8192MiB"),
    ),
  reachable: ({ memory, vcpus, state, reachable = [], reachableVcpus = [] }) => {
    if (state === "shutoff") return true;
    const next = Object.values(sizes).find((one) => {
      const own = kib(one.memory) * 1024;
      return own > kib(memory) || (own === kib(memory) && one.vcpus > vcpus);
    });
    if (next === undefined) return true;
    const wanted = kib(next.memory) * 1024;
    return (
      (wanted === kib(memory) || inRanges(reachable, wanted, kib)) &&
      (next.vcpus === vcpus || inRanges(reachableVcpus, next.vcpus, Number))
    );
  },
  headroom: ({ memory, maxMemory, state, memorySlots, ...live }) => {
    const { liveMemorySlots = memorySlots, reachable, memoryDevices } = live;
    if (kib(maxMemory) - kib(memory) < kib("1024MiB")) return false;
    // An off domain grows in its definition.
    const to = state === "shutoff" ? [kib(maxMemory)] : reachable?.map((range) => kib(range.to));
    if (to === undefined || memoryDevices === undefined) return false;
    const most = Math.max(...to, kib(memory));
    const dimms = memoryDevices.filter(({ model }) => model === "dimm");
    const used = new Set(
      dimms.map(({ slot }) => slot).filter((slot) => slot !== undefined && slot < liveMemorySlots),
    );
    const withoutSlot = dimms.length - new Set(dimms.flatMap(({ slot }) => slot ?? [])).size;
    return (
      most - kib(memory) >= kib("1024MiB") &&
      liveMemorySlots - used.size - withoutSlot >= 2 &&
      memorySlots >= 2
    );
  },
  adoptedStayAdopted: ({ adopt, change, onDelete }) =>
    adopt !== true || (change !== "replace" && onDelete !== "delete"),
  maxPerHost: ({ memory, vcpus, ...domain }) => {
    const live = "liveMemory" in domain ? kib(domain.liveMemory) : 0;
    return Math.max(kib(memory), live) <= kib("3072MiB") && vcpus <= 3;
  },
};

describe.each(Object.keys(RULES))("%s", (name) => {
  const make = RULES[name] as (args: RuleArgs) => Rule;
  const allows = ALLOWS[name] as (domain: Domain) => boolean;

  property.prop([known, type], cases(200))(
    "allows exactly what it promises, in a preview",
    async (domain, type) => {
      const text = await said(make({}), resourceOf(domain, type), true);
      const missing = ["reachable", "reachableVcpus", "memoryDevices", "state"].some(
        (key) => !(key in domain),
      );
      // Where outputs are missing it may say that it can't judge; that it allows must be true all the same.
      if (text.length === 0) expect(allows(domain as Domain)).toBe(true);
      else if (!missing) expect(allows(domain as Domain)).toBe(false);
    },
  );

  property.prop([previewedOfClass, isPreview], cases(200))(
    "allows exactly what it promises of the class's inputs, as of the outputs that they foresee",
    async ({ inputs, headroom }, preview) => {
      const { slots, memory, vcpus, liveMemorySlots } = headroom;
      const isComplete = slots !== undefined && memory !== undefined && vcpus !== undefined;
      const of = (properties: object) =>
        resourceOf({ ...inputs, ...properties }, "pulumi-nodejs:dynamic/libvirt:Domain");
      const text = await analyzed(make({}), of({ headroom }), preview);
      if (!preview) {
        // Before the update it judges by what check foresees, and leaves the rest to the outputs.
        if (JUDGES_ROOM.has(name)) expect(text.filter((one) => one.includes("not judged"))).toEqual([]);
        if (!isComplete || !JUDGES_ROOM.has(name)) return;
      }
      const total = liveMemorySlots ?? inputs.memorySlots;
      if (slots !== undefined && slots > total) return;
      const used = total - (slots ?? 0);
      const memoryDevices = Array.from({ length: used }, (_, slot) => ({ model: "dimm", slot }));
      const live = { memoryDevices, ...(liveMemorySlots !== undefined && { liveMemorySlots }) };
      const state = "running" in headroom ? "shutoff" : "running";
      const outputs = { state, reachable: memory, reachableVcpus: vcpus, ...live };
      const foreseen = { ...inputs, ...outputs };
      if (text.length === 0) expect(allows({ ...foreseen, reachable: memory ?? [] } as Domain)).toBe(true);
      else if (isComplete) expect(allows(foreseen as Domain)).toBe(false);
      if (isComplete && preview) expect(text).toEqual(await analyzed(make({}), of(outputs), true));
    },
  );

  property.prop([any, type, isPreview, fc.infiniteStream(fc.boolean())], cases(150))(
    "never fails and never says more with values that aren't known, at any depth",
    async (domain, type, preview, choices) => {
      const withUnknown = placed(
        domain,
        () => choices.next().value === true,
        () => UNKNOWN,
      ) as Record<string, unknown>;
      const resource = resourceOf(withUnknown, type);
      const strict = await said(make({ onUnknown: "deny" }), resource, preview);
      const lax = await said(make({ onUnknown: "allow" }), resource, preview);
      expect(
        [...strict, ...lax].filter((text) => /during preview|NaN|undefined|04da6b54/.test(text)),
      ).toEqual([]);
      expect(lax.filter((text) => text.includes("not judged"))).toEqual([]);
      expect(strict.filter((text) => !text.includes("not judged"))).toEqual(lax);
    },
  );

  property.prop([any, type, isPreview, fc.infiniteStream(fc.boolean())], cases(150))(
    "has no figure of a secret in a message",
    async (domain, type, preview, choices) => {
      // Figures that nothing else has.
      const own = { ...domain, memory: "7311MiB", maxMemory: "9973MiB", vcpus: 6577, liveMemory: "7333MiB" };
      const hidden = new Set(Object.keys(own).filter(() => choices.next().value === true));
      const properties = Object.fromEntries(
        Object.entries({ ...own, memoryPlan: "live: 7309 → 7311 MiB" }).map(([key, value]) => [
          key,
          hidden.has(key) || (key === "memoryPlan" && hidden.size > 0) ? { ...SECRET, value } : value,
        ]),
      );
      const text = (await said(make({}), resourceOf(properties, type), preview)).join("\n");
      const figures = { memory: 7311, maxMemory: 9973, vcpus: 6577, liveMemory: 7333 };
      for (const [key, figure] of Object.entries(figures))
        if (hidden.has(key)) expect(text).not.toContain(String(figure));
      // The plan follows from all of them.
      if (hidden.size > 0) expect(text).not.toContain("7309 →");
      expect(text).not.toContain("pass-7311");
    },
  );

  property.prop(
    [known, type, isPreview, fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -400, max: 400 }))],
    cases(100),
  )("an exception holds through its last day, for its own domain", async (domain, type, preview, days) => {
    const until = new Date(Date.parse(TODAY) + days * 86_400_000).toISOString().slice(0, 10);
    const exception = (of: string) => ({ name: of, reason: "moves to a new host", until });
    const resource = resourceOf(domain, type);
    const plain = await said(make({}), resource, preview);
    expect(await said(make({ exceptions: [exception("other")] }), resource, preview)).toEqual(plain);
    const excepted = await said(make({ exceptions: [exception("web-1")] }), resource, preview);
    if (days >= 0) expect(excepted).toEqual([]);
    else {
      const which = name === "maxPerHost" ? "web-1" : "this domain";
      const ended = `\nThe exception of ${which} ended on ${until} (moves to a new host).`;
      expect(excepted.map((text) => text.replace(ended, ""))).toEqual(plain);
      expect(excepted.every((text) => text.endsWith(ended))).toBe(true);
    }
  });

  property.prop([isPreview], cases(4))(
    "says nothing of other resources, nor of a domain without properties",
    async (preview) => {
      expect(
        await said(make({}), resourceOf({ memory: "1MiB", change: "replace" }, "aws:ec2:Instance"), preview),
      ).toEqual([]);
      expect(await said(make({}), resourceOf({}, "libvirt-hotplug:index:Domain"), preview)).toEqual([]);
    },
  );
});
