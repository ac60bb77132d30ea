import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { memoryView, type Observed } from "../../provider/plan/observed.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { anyCase } from "../support/arbitrary-domain.ts";
import { cases } from "../support/properties.ts";
import { ask, MIB, off, running, vmem } from "../support/scene.ts";

const NOTE = /^<memtune> limits the domain to .* \(hard_limit\)/;

function limited(observed: Observed, live: number | undefined, nextBoot = live): Observed {
  const { live: now, nextBoot: next, ...rest } = observed;
  return {
    ...rest,
    ...(now && { live: { ...now, ...(live !== undefined && { hardLimit: live }) } }),
    ...(next && { nextBoot: { ...next, ...(nextBoot !== undefined && { hardLimit: nextBoot }) } }),
  };
}

const notes = (desired: Parameters<typeof planMemory>[0], observed: Observed) =>
  planMemory(desired, observed).details.filter((detail) => NOTE.test(detail));

test("the hard limit of <memtune> is read in any unit", () => {
  const xml = (limit: string) =>
    `<domain><name>a</name><memory>1024</memory><memtune>${limit}</memtune></domain>`;
  expect(memoryView(readDomain(xml("<hard_limit unit='GiB'>2</hard_limit>"))).hardLimit).toBe(2048 * MIB);
  expect(memoryView(readDomain(xml("<hard_limit>2048</hard_limit>"))).hardLimit).toBe(2048);
  expect(memoryView(readDomain(xml("<soft_limit>1</soft_limit>"))).hardLimit).toBeUndefined();
});

describe("a growth above the hard limit of the domain is said", () => {
  test.each([
    ["live", ask(1259), running()],
    ["by virtio-mem", ask(1259, { device: "virtio-mem" }), running({ devices: [vmem(0, 7168)], max: 8192 })],
    ["at the next boot", ask(1300, { whenNotPossible: "nextBoot" }), running()],
    ["by a restart", ask(1300, { whenNotPossible: "restart" }), running()],
    ["of a domain that is off", ask(1259), off()],
  ])("%s", (_, desired, observed) => {
    expect(notes(desired, limited(observed, 1100 * MIB))).toHaveLength(1);
    expect(notes(desired, limited(observed, desired.memory))).toHaveLength(1);
    expect(notes(desired, limited(observed, desired.memory + MIB))).toEqual([]);
  });

  test("with the limit of the definition where the next boot has another one", () => {
    const desired = ask(1300, { whenNotPossible: "nextBoot" });
    expect(notes(desired, limited(running(), 1100 * MIB, 4096 * MIB))).toEqual([]);
    expect(notes(desired, limited(running(), 4096 * MIB, 1100 * MIB))).toHaveLength(1);
  });

  property.prop([anyCase, fc.integer({ min: 1, max: 8192 })], cases(300))(
    "and changes nothing else of any plan",
    ({ observed, desired }, mib) => {
      const plain = planMemory(desired, observed);
      const noted = planMemory(desired, limited(observed, mib * MIB));
      const others = noted.details.filter((detail) => !NOTE.test(detail));
      expect({ ...noted, details: others }).toEqual(plain);
      if (plain.outcome === "live" && plain.steps.some(({ kind }) => kind === "attach"))
        expect(noted.details.length - others.length).toBe(mib * MIB <= desired.memory ? 1 : 0);
      if (plain.outcome === "none") expect(noted.details).toEqual(plain.details);
    },
  );
});
