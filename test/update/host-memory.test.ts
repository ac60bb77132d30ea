import { beforeEach, describe, expect, test } from "vitest";
import { hostShortage } from "../../provider/update/host-memory.ts";
import { GIB, MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

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
      text: "host node 1-2 has only 256 MiB in free pages of 2 MiB, less than the 258 MiB to add",
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
