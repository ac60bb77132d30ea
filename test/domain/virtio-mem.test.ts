import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildDomain } from "../../provider/domain/build.ts";
import { setMemory } from "../../provider/domain/memory.ts";
import { contradictions } from "../../provider/domain/overlay.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { resizedXml } from "../../provider/domain/virtio-mem.ts";
import { plainSpec } from "./spec.ts";

const reasons = (...given: Parameters<typeof contradictions>) =>
  contradictions(...given).map(({ reason }) => reason);

const MIB = 1024;
const fixture = readFileSync(join(import.meta.dirname, "fixtures/virtio-mem.xml"), "utf8");

const device = {
  alias: "ua-pulumi-vmem0",
  node: 0,
  size: 3584 * MIB,
  block: 2 * MIB,
  requested: 0,
};

/** A definition of 512 MiB with a device of ours. */
const elastic = buildDomain({
  ...plainSpec,
  cells: [{ memory: 512 * MIB }],
  maxMemory: { size: 4096 * MIB, slots: 16 },
  virtioMem: [{ ...device, source: { nodemask: "0-1", pageSize: 2048 } }],
});

describe("a domain that is built with virtio-mem", () => {
  test("has its devices, and a total that counts them whole", () => {
    expect(readDomain(elastic)).toMatchObject({
      memory: 4096 * MIB,
      devices: [{ model: "virtio-mem", ...device, nodemask: "0-1", pageSize: 2048 }],
    });
  });
});

describe("a definition's virtio-mem", () => {
  const edit = { cells: [512 * MIB], currentMemory: 768 * MIB };

  test("is set, and everything else stays byte for byte", () => {
    const before = setMemory(elastic, edit);
    const virtioMem = [{ ...device, requested: 256 * MIB }];
    const after = setMemory(elastic, { ...edit, virtioMem });
    const requested = (size: number) => `<requested unit='KiB'>${size}</requested>`;
    expect(after).toBe(before.replace(requested(0), requested(256 * MIB)));
    expect(after).not.toBe(before);
    expect(setMemory(after, { ...edit, virtioMem })).toBe(after);
    expect(readDomain(after)).toMatchObject({ memory: 4096 * MIB, currentMemory: 768 * MIB });
  });

  test("is added and removed", () => {
    const out = setMemory(elastic, { cells: [768 * MIB], removeAliases: [device.alias] });
    expect(readDomain(out)).toMatchObject({ memory: 768 * MIB, devices: [] });
    const back = setMemory(out, { cells: [512 * MIB], virtioMem: [device] });
    expect(readDomain(back)).toMatchObject({ memory: 4096 * MIB, devices: [device] });
  });

  test("not managed by this provider: found by its node, and only the requested size is set", () => {
    const { alias: _, ...theirs } = device;
    const cells = readDomain(fixture).cells.map(({ memory }) => memory);
    const after = setMemory(fixture, { cells, virtioMem: [{ ...theirs, requested: 128 * MIB }] });
    expect(readDomain(after).devices[0]).toMatchObject({ size: 2048 * MIB, requested: 128 * MIB });
    expect(() => setMemory(fixture, { cells, virtioMem: [{ ...theirs, node: 7 }] })).toThrow(
      "the definition has no virtio-mem device on node 7",
    );
  });
});

describe("the XML that resizes a device of the running domain", () => {
  test("is the device itself, its address included, with another size requested", () => {
    const xml = resizedXml(fixture, "ua-virtiomem0", 256 * MIB);
    expect(xml).toContain(`<requested unit='KiB'>${256 * MIB}</requested>`);
    expect(xml).toMatch(/<address type=/);
    expect(xml).not.toContain("<current");
    expect(xml.startsWith("<memory model='virtio-mem'")).toBe(true);
  });

  test("needs the device", () => {
    expect(() => resizedXml(fixture, "ua-pulumi-vmem7", 0)).toThrow(
      "the running domain has no virtio-mem device ua-pulumi-vmem7",
    );
  });
});

test("memory that a program's own XML has in virtio-mem is what it requests", () => {
  const { cells, devices } = readDomain(elastic);
  expect([cells[0]?.memory, devices[0]?.requested]).toEqual([512 * MIB, 0]);
  expect(reasons(elastic, { memory: 512 * MIB })).toEqual([]);
  expect(reasons(elastic, { memory: 4096 * MIB })).toEqual([
    "has NUMA cells and memory devices of 512 MiB, but memory is 4096 MiB",
  ]);
});
