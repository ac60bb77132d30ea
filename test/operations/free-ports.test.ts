import { test as property } from "@fast-check/vitest";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { created } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const MEMORY = { memory: "1GiB", maxMemory: "4GiB" };
const root = { name: "root", file: "/root.qcow2" };
const data = { name: "data", file: "/data.qcow2" };
const lan = { name: "lan", user: true };

describe("disks and interfaces that together need more ports than are free", () => {
  const had = { ...MEMORY, hotplugPorts: 1, disks: [root] };
  const more = { ...had, disks: [root, data], interfaces: [lan] };

  test("are refused before anything was done", async () => {
    const { host, stack } = await created(had);
    const before = structuredClone(host.domains);
    await expect(stack.up({ ...more, hotplug: { whenNotPossible: "error" } })).rejects.toThrow(
      /interface "lan" \(user network\) needs a PCI port, but the domain has no free port/,
    );
    expect(host.domains).toEqual(before);
  });

  test("the disks get theirs, and the interfaces wait for the next boot", async () => {
    const { host, stack } = await created(had);
    const later = { ...more, hotplug: { whenNotPossible: "nextBoot" } };
    await stack.up(later);
    const { live, inactive } = host.only;
    const counts = [live, inactive].map((xml) => {
      const { disks, cards } = readDomain(xml ?? "");
      return [disks.length, cards.length];
    });
    expect(counts).toEqual([
      [2, 0],
      [2, 1],
    ]);
    expect(await stack.up(later)).toBe("same");
  });

  test("an interface gets the port of a disk that goes", async () => {
    const { host, stack } = await created({ ...had, hotplugPorts: 0, disks: [root, data] });
    await stack.up({ ...had, hotplugPorts: 0, interfaces: [lan] });
    expect(stack.run.rows[0]).toMatch(/^live: /);
    expect(readDomain(host.only.live ?? "").cards).toHaveLength(1);
  });
});

const names = fc.subarray(["a", "b", "c", "d"]);
const lists = fc.record({ disks: names, scsi: fc.subarray(["s", "t"]), interfaces: names });

property.prop(
  {
    hotplugPorts: fc.nat(4),
    programs: fc.array(lists, { minLength: 2, maxLength: 3 }),
    whenNotPossible: fc.constantFrom("nextBoot", "restart", "error"),
  },
  cases(30),
)(
  "a list never asks for a port that another list takes",
  async ({ hotplugPorts, programs, whenNotPossible }) => {
    const [first, ...rest] = programs.map(({ disks, scsi, interfaces }) => ({
      ...{ ...MEMORY, hotplugPorts, shutdownTimeout: 0 },
      hotplug: { whenNotPossible },
      disks: [
        root,
        ...disks.map((name) => ({ name, file: `/${name}.qcow2` })),
        ...scsi.map((name) => ({ name, file: `/${name}.qcow2`, bus: "scsi" })),
      ],
      interfaces: interfaces.map((name) => ({ name, user: true })),
    }));
    const { host, stack } = await created(first ?? expect.unreachable());
    for (const args of rest) {
      const before = structuredClone(host.only.live);
      const failure = await stack.up(args).then(
        () => undefined,
        (error: Error) => error,
      );
      if (failure === undefined) expect(await stack.up(args)).toBe("same");
      else {
        expect(failure.message).toMatch(/needs (a|\d) PCI ports?/);
        expect(host.only.live).toBe(before);
      }
    }
  },
);
