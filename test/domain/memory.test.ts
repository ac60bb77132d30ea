import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { setMemory } from "../../provider/domain/memory.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { fixture } from "./fixture.ts";

describe("the fold", () => {
  const grown = fixture("live-dimm-gaps");

  it("sets cells, takes our DIMMs out and leaves every other byte", () => {
    const folded = setMemory(grown, { cells: [1289216], removeAliases: ["ua-pulumi-dimm0"] });
    const device =
      /\n {4}<memory model='dimm'>(?:(?!<\/memory>)[\s\S])*ua-pulumi-dimm0(?:(?!<\/memory>)[\s\S])*<\/memory>/;
    expect(folded).toBe(grown.replace("memory='1027072'", "memory='1289216'").replace(device, ""));
    expect(readDomain(folded)).toMatchObject({ memory: 1690624, currentMemory: 1690624 });
    expect(readDomain(folded).devices.map(({ slot }) => slot)).toEqual([2, 9]);
  });

  it("adds a node with all vCPUs to a domain without one, since hot-plug requires it, and keeps the rest", () => {
    const made = fixture("virt-install");
    const folded = setMemory(made, { cells: [3145728], maxMemory: { size: 8388608, slots: 16 } });
    expect(readDomain(folded)).toEqual({
      ...readDomain(made),
      memory: 3145728,
      currentMemory: 3145728,
      maxMemory: { size: 8388608, slots: 16 },
      cells: [{ id: 0, memory: 3145728, cpus: "0-1" }],
    });
    expect(setMemory(folded, { cells: [3145728], maxMemory: { size: 8388608, slots: 16 } })).toBe(folded);
  });

  it("counts devices not managed by this provider, and adjusts currentMemory", () => {
    const folded = setMemory(grown, { cells: [2097152], removeAliases: ["ua-pulumi-dimm0"] });
    expect(readDomain(folded)).toMatchObject({ memory: 2498560, currentMemory: 2498560 });
    expect(folded).toContain(
      "<memory unit='KiB'>2498560</memory>\n  <currentMemory unit='KiB'>2498560</currentMemory>",
    );
  });

  it("keeps a balloon that the program names", () => {
    expect(readDomain(setMemory(grown, { cells: [2097152], currentMemory: 524288 })).currentMemory).toBe(
      524288,
    );
  });

  it("sets, raises and takes out the ceiling", () => {
    const ceiling = (maxMemory: { size: number; slots?: number } | null) =>
      readDomain(setMemory(grown, { cells: [1027072], maxMemory })).maxMemory;
    expect(ceiling({ size: 16777216, slots: 32 })).toEqual({ size: 16777216, slots: 32 });
    expect(ceiling({ size: 16777216 })).toEqual({ size: 16777216 });
    expect(ceiling(null)).toBeUndefined();
    expect(setMemory(grown, { cells: [1027072], maxMemory: null })).toBe(
      grown.replace("\n  <maxMemory slots='16' unit='KiB'>8388608</maxMemory>", ""),
    );
    const without = fixture("virt-install");
    expect(setMemory(without, { cells: [], total: 2097152, maxMemory: { size: 8388608, slots: 4 } })).toBe(
      without.replace(
        "  <memory unit",
        "  <maxMemory slots='4' unit='KiB'>8388608</maxMemory>\n  <memory unit",
      ),
    );
  });

  it("works without cells, and puts KiB where a unit was", () => {
    const xml = "<domain><memory unit='GiB'>1</memory></domain>";
    expect(setMemory(xml, { cells: [], total: 2097152 })).toBe(
      "<domain><memory unit='KiB'>2097152</memory></domain>",
    );
  });

  it("keeps passwords, comments, foreign namespaces and cells in their order", () => {
    const xml = fixture("hand-made");
    const folded = setMemory(xml, { cells: [1572864, 1048576], removeAliases: ["ua-pulumi-dimm1"] });
    const lines = (text: string) => text.split("\n");
    const changed = lines(xml).filter((line) => !lines(folded).includes(line));
    expect(changed.map((line) => line.trim())).toEqual([
      `<memory unit='GiB' dumpCore='off'>3</memory>`,
      `<currentMemory unit='MiB'>2048</currentMemory>`,
      `<cell id='0' cpus='0-1' memory='1' unit='GiB'/>`,
      "<memory model='dimm'>",
      `<size unit='KiB'>524288</size>`,
      `<node>0</node>`,
      `<alias name='ua-pulumi-dimm1'/>`,
      `<address type='dimm' slot='1'/>`,
    ]);
    expect(folded).toContain("<memory unit='KiB' dumpCore='off'>3145728</memory>");
    expect(folded).toContain("passwd='s&quot;ecr&amp;t&apos;'");
  });

  it.each([
    [[1], "2 NUMA cells (0, 1), but 1 sizes"],
    [[], "2 NUMA cells (0, 1), but 0 sizes"],
    [[1, 2, 3], "2 NUMA cells (0, 1), but 3 sizes"],
  ])("refuses sizes %j for other cells", (cells, problem) => {
    expect(() => setMemory(fixture("hand-made"), { cells })).toThrow(problem);
    expect(() => setMemory(fixture("virt-install"), { cells: [] })).toThrow("so a total is required");
  });

  test.prop([fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 2, maxLength: 2 }), fc.boolean()])(
    "twice is as good as once, and the total is cells and devices",
    (cells, remove) => {
      const edit = { cells, removeAliases: remove ? ["ua-pulumi-dimm1"] : [] };
      const once = setMemory(fixture("hand-made"), edit);
      expect(setMemory(once, edit)).toBe(once);
      const devices = remove ? 524288 : 2 * 524288;
      expect(readDomain(once).memory).toBe(cells.reduce((sum, size) => sum + size, devices));
    },
  );
});
