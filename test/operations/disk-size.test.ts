import { beforeEach, describe, expect, test } from "vitest";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";

const GIB = 2 ** 30;
const FILE = "/images/web.qcow2";
const args = (size: string | undefined, more: object = {}) => ({
  memory: "1003MiB",
  maxMemory: "8GiB",
  disks: [{ file: FILE, ...(size && { size }) }],
  ...more,
});

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(async () => {
  ({ host, stack } = await created(args("10GiB")));
  host.calls.length = 0;
});

const capacity = () => (host.imageAt(FILE)?.capacity ?? 0) / GIB;
const count = (call: string) => host.calls.filter((name) => name === call).length;

describe("a larger size", () => {
  test("grows the disk of the running domain, and the next up has nothing to do", async () => {
    await stack.preview(args("20GiB"));
    expect(stack.run.rows).toContain(`live: disk ${FILE} 10 → 20 GiB, no restart`);
    expect(await stack.up(args("20GiB"))).toBe("update");
    expect(capacity()).toBe(20);
    expect([count("blockResize"), count("define"), count("resizeVolume")]).toEqual([1, 0, 0]);
    expect(await stack.up(args("20GiB"))).toBe("same");
  });

  test("of a disk for which the program sets none yet", async () => {
    ({ host, stack } = await created(args(undefined)));
    expect(await stack.up(args("20GiB"))).toBe("update");
    expect(capacity()).toBe(20);
    expect(await stack.up(args(undefined))).toBe("update");
    expect(capacity()).toBe(20);
  });

  test("grows the disk of a domain that is off by libvirt's storage API", async () => {
    await stack.up(args("10GiB", { running: false }));
    host.calls.length = 0;
    await stack.preview(args("20GiB", { running: false }));
    expect(stack.run.rows).toContain(`live: disk ${FILE} 10 → 20 GiB, while the domain is off`);
    expect(await stack.up(args("20GiB", { running: false }))).toBe("update");
    expect([capacity(), count("blockResize"), count("resizeVolume")]).toEqual([20, 0, 1]);
    expect([...host.pools.keys()]).toEqual([]);
    expect(await stack.up(args("20GiB", { running: false }))).toBe("same");
  });

  test("together with memory: one plan, and the define last", async () => {
    expect(await stack.up({ ...args("20GiB"), memory: "1259MiB" })).toBe("update");
    expect(capacity()).toBe(20);
    const order = host.calls.filter((call) => ["attachDevice", "blockResize", "define"].includes(call));
    expect(order.at(-1)).toBe("define");
    expect(await stack.up({ ...args("20GiB"), memory: "1259MiB" })).toBe("same");
  });

  test("together with a restart: the start has the new definition", async () => {
    const restart = { ...args("20GiB"), memory: "1300MiB", hotplug: { whenNotPossible: "restart" } };
    expect(await stack.up(restart)).toBe("update");
    expect(capacity()).toBe(20);
    const order = host.calls.filter((call) => ["blockResize", "shutdown", "start"].includes(call));
    expect(order).toEqual(["blockResize", "shutdown", "start"]);
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1300MiB" });
    expect(await stack.up(restart)).toBe("same");
  });

  test("that the image has already is a setting", async () => {
    host.addImage(FILE, { capacity: 20 * GIB });
    expect(await stack.up(args("20GiB"))).toBe("update");
    expect(count("blockResize")).toBe(0);
    expect(await stack.up(args("20GiB"))).toBe("same");
  });

  test("costs one call for the preview, and an unchanged disk none", async () => {
    await stack.up(args("10GiB"));
    expect(host.calls).toEqual([]);
    await stack.preview(args("20GiB"));
    expect(count("blockInfo")).toBe(1);
  });
});

describe("a disk is never made smaller", () => {
  test("a size below what the image has: refused with both figures", async () => {
    host.addImage(FILE, { capacity: 30 * GIB });
    await expect(stack.preview(args("20GiB"))).rejects.toThrow(
      `disks[0].size is 20 GiB, but ${FILE} has 30 GiB, and a disk is never made smaller; set size to at least 30 GiB`,
    );
    await expect(stack.preview(args("5GiB"))).rejects.toThrow("has 30 GiB");
    host.addImage(FILE, { capacity: 3 * GIB });
    await stack.preview(args("5GiB"));
  });

  test("a replace of a domain whose image somebody has grown: refused in the preview", async () => {
    host.addImage(FILE, { capacity: 30 * GIB });
    const before = structuredClone(host.domains);
    for (const operation of ["preview", "up"] as const)
      await expect(stack[operation]({ ...args("10GiB"), memory: "1300MiB" })).rejects.toThrow(
        `disks[0].size is 10 GiB, but ${FILE} has 30 GiB, and a disk is never made smaller`,
      );
    expect(host.domains).toEqual(before);
  });

  test("an image that somebody grows between the preview and the update", async () => {
    await stack.preview(args("20GiB"));
    host.addImage(FILE, { capacity: 30 * GIB });
    await expect(stack.up(args("20GiB"))).rejects.toThrow(/20 GiB.*30 GiB/);
    expect(capacity()).toBe(30);
    expect(count("blockResize")).toBe(0);
  });

  test("an image that somebody grows right before the step", async () => {
    let reads = 0;
    host.beforeCall = (call) => {
      if (call === "blockInfo" && ++reads === 3) host.addImage(FILE, { capacity: 30 * GIB });
    };
    await expect(stack.up(args("20GiB"))).rejects.toThrow(/Unable to grow.*20 GiB.*30 GiB/);
    expect(capacity()).toBe(30);
    expect(count("blockResize")).toBe(0);
    await expect(stack.up(args("20GiB"))).rejects.toThrow(/20 GiB.*30 GiB/);
    expect(await stack.up(args("30GiB"))).toBe("update");
    expect(await stack.up(args("30GiB"))).toBe("same");
  });
});

describe("killed anywhere while a disk grows", () => {
  test.each([
    ["on the running domain", {}],
    ["while it is off", { running: false }],
    ["with memory", { memory: "1259MiB" }],
  ])("%s: the next up converges, and the one after it has nothing to do", async (_, more) => {
    const first = { ...more, memory: "1003MiB" };
    const grown = args("20GiB", more);
    const reference = await created(args("10GiB", first));
    reference.host.calls.length = 0;
    await reference.stack.up(grown);
    for (let at = 1; at <= reference.host.calls.length; at++)
      for (const carriedOut of [false, true]) {
        const one = await created(args("10GiB", first));
        one.host.death = { call: one.host.calls.length + at, carriedOut };
        await one.stack.up(grown).catch((error: unknown) => {
          if (!(error instanceof Error)) throw error;
        });
        one.host.death = undefined;
        await one.stack.up(grown);
        expect(one.host.imageAt(FILE)?.capacity).toBe(20 * GIB);
        expect([...one.host.pools.keys()], `pools, killed at ${at}, ${carriedOut}`).toEqual([]);
        expect(await one.stack.up(grown)).toBe("same");
      }
  });
});

describe("an image that somebody made smaller", () => {
  test.each([true, false])(
    "is shown by a refresh, and grown again by the next up; running: %s",
    async (running) => {
      const program = args("10GiB", { running, onDelete: "keep" });
      await stack.up(program);
      host.addImage(FILE, { capacity: 4 * GIB });
      await stack.refresh();
      expect(stack.run.said).toEqual([
        `disks[0]: ${FILE} has 4 GiB, less than its size of 10 GiB: somebody made it smaller; the next pulumi up makes it 10 GiB again, but the data beyond 4 GiB is lost`,
      ]);
      expect(stack.recorded.inputs.disks).toEqual([{ file: FILE, size: "4096MiB" }]);
      await stack.refresh();
      expect(stack.run.said).toEqual([]);
      await stack.preview(program);
      expect(stack.run.rows.join()).toContain(`disk ${FILE} 4 → 10 GiB`);
      expect(await stack.up(program)).toBe("update");
      expect(capacity()).toBe(10);
      expect(await stack.up(program)).toBe("same");
    },
  );

  test("is no difference where it is larger, nor where the program sets no size", async () => {
    host.addImage(FILE, { capacity: 20 * GIB });
    await stack.refresh();
    expect(stack.recorded.inputs.disks).toEqual([{ file: FILE, size: "10240MiB" }]);
    ({ host, stack } = await created(args(undefined)));
    host.calls.length = 0;
    host.addImage(FILE, { capacity: GIB });
    await stack.refresh();
    expect([stack.run.said, count("blockInfo")]).toEqual([[], 0]);
  });
});
