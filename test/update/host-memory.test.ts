import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { type HostMemory, hostShortage, withBacking } from "../../provider/update/host-memory.ts";
import { GIB, MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { cases } from "../support/properties.ts";

let host: FakeHypervisor;

beforeEach(() => {
  host = new FakeHypervisor();
  host.memory = { total: 64 * GIB, free: 100 * MIB, buffers: 50 * MIB, cached: 362 * MIB };
});

describe("ordinary memory", () => {
  test("counts what the host can reclaim, over all that is added", async () => {
    expect(await hostShortage(host, [{ size: 256 * MIB }, { size: 256 * MIB }], true)).toBeUndefined();
    expect(await hostShortage(host, [{ size: 256 * MIB }, { size: 257 * MIB }], false)).toEqual({
      severity: "warning",
      text: "the host has only 512 MiB available (free, buffers and cached), less than the 513 MiB to add",
    });
  });

  test("is an error where the domain's memory can't be swapped", async () => {
    expect(await hostShortage(host, [{ size: GIB }], true)).toEqual({
      severity: "error",
      text: "the host has only 512 MiB available (free, buffers and cached), less than the 1024 MiB to add, and the domain's memory is locked or allocated at once",
    });
  });

  test("is meant with base pages too", async () => {
    expect(await hostShortage(host, [{ size: GIB, source: { pageSize: 64 } }], false)).toMatchObject({
      severity: "warning",
    });
  });
});

describe("huge pages", () => {
  const source = { pageSize: 2 * MIB, nodemask: "1-2" };

  test("count on the nodes that they come from", async () => {
    host.pages
      .set(`${2 * MIB} 1`, 100)
      .set(`${2 * MIB} 2`, 28)
      .set(`${2 * MIB} 0`, 1000);
    expect(await hostShortage(host, [{ size: 256 * MIB, source }], false)).toBeUndefined();
    expect(await hostShortage(host, [{ size: 258 * MIB, source }], false)).toEqual({
      severity: "error",
      text: "host nodes 1-2 has only 256 MiB in free pages of 2 MiB, less than the 258 MiB to add",
    });
  });

  test("count on the whole host where no node is named", async () => {
    host.pages.set(`${2 * MIB} -1`, 10);
    const text = "the host has only 20 MiB in free pages of 2 MiB, less than the 22 MiB to add";
    expect(await hostShortage(host, [{ size: 22 * MIB, source: { pageSize: 2 * MIB } }], false)).toEqual({
      severity: "error",
      text,
    });
  });
});

describe("huge pages of the domain's own backing", () => {
  const backing = (xml: string) => readDomain(`<domain><memory>1024</memory>${xml}</domain>`).backing;
  const sources = async (xml: string, node: number, source?: HostMemory["source"]) => {
    const [memory] = await withBacking(host, [{ size: GIB, node, ...(source && { source }) }], backing(xml));
    return memory?.source;
  };
  const huge = "<memoryBacking><hugepages/></memoryBacking>";
  const perNode = `<memoryBacking><hugepages><page size='1048576' unit='KiB' nodeset='1-2'/>
<page size='2048' unit='KiB'/></hugepages></memoryBacking>`;
  const tuned =
    "<numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='1' mode='strict' nodeset='1'/></numatune>";

  test.each<[string, string, number, HostMemory["source"], object | undefined]>([
    ["without a size: the host's default", huge, 0, undefined, { pageSize: 2 * MIB }],
    ["of the guest node", perNode, 1, undefined, { pageSize: GIB }],
    ["of the other guest nodes", perNode, 0, undefined, { pageSize: 2 * MIB }],
    [
      "from the host nodes of all guest nodes",
      huge + tuned,
      0,
      undefined,
      { pageSize: 2 * MIB, nodemask: "0-1" },
    ],
    [
      "from the host nodes of the guest node",
      huge + tuned,
      1,
      undefined,
      { pageSize: 2 * MIB, nodemask: "1" },
    ],
    [
      "with a source of its own",
      perNode,
      1,
      { pageSize: 2 * MIB, nodemask: "3" },
      { pageSize: 2 * MIB, nodemask: "3" },
    ],
    ["with host nodes of its own", perNode, 1, { nodemask: "3" }, { pageSize: GIB, nodemask: "3" }],
    [
      "only preferred host nodes",
      `${huge}<numatune><memory mode='preferred' nodeset='1'/></numatune>`,
      0,
      undefined,
      { pageSize: 2 * MIB },
    ],
    ["none", "", 0, undefined, undefined],
  ])("%s", async (_, xml, node, source, expected) => {
    expect(await sources(xml, node, source)).toEqual(expected);
  });

  test("are looked at for all that is added, and for each place that they come from", async () => {
    host.pages
      .set(`${2 * MIB} -1`, 200)
      .set(`${2 * MIB} 0`, 128)
      .set(`${2 * MIB} 1`, 128);
    const own = (nodemask: string) => ({ size: 256 * MIB, source: { pageSize: 2 * MIB, nodemask } });
    expect(await hostShortage(host, [own("0")], false)).toBeUndefined();
    expect(await hostShortage(host, [own("0"), own("0")], false)).toMatchObject({ severity: "error" });
    expect(await hostShortage(host, [own("0"), own("1")], false)).toEqual({
      severity: "error",
      text: "the host has only 400 MiB in free pages of 2 MiB, less than the 512 MiB to add",
    });
  });

  /** Whether memory from these sets of nodes fits: each MiB has a node (a flow of whole units, tried one by one). */
  function fits(demands: { nodes: number[]; units: number }[], free: number[]): boolean {
    const [first, ...rest] = demands;
    if (first === undefined) return true;
    if (first.units === 0) return fits(rest, free);
    return first.nodes.some((node) => {
      if ((free[node] ?? 0) === 0) return false;
      const left = free.map((units, index) => (index === node ? units - 1 : units));
      return fits([{ ...first, units: first.units - 1 }, ...rest], left);
    });
  }

  const anyDemands = fc.uniqueArray(
    fc.record({ nodes: fc.subarray([0, 1, 2], { minLength: 1 }), units: fc.integer({ min: 1, max: 2 }) }),
    { minLength: 1, maxLength: 3, selector: ({ nodes }) => nodes.join() },
  );
  const anyFree = fc.array(fc.nat(3), { minLength: 3, maxLength: 3 });

  property.prop([anyDemands, anyFree], cases(300))(
    "are enough exactly where every DIMM has its pages, whatever nodes the sources have in common",
    async (demands, free) => {
      for (const [node, units] of free.entries()) host.pages.set(`${2 * MIB} ${node}`, units);
      host.pages.set(
        `${2 * MIB} -1`,
        free.reduce((sum, units) => sum + units, 0),
      );
      const added = demands.map(({ nodes, units }) => ({
        size: units * 2 * MIB,
        source: { pageSize: 2 * MIB, nodemask: nodes.join() },
      }));
      expect((await hostShortage(host, added, false)) === undefined).toBe(fits(demands, free));
    },
  );
});
