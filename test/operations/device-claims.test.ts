import { beforeEach, describe, expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { Run, URN, wire } from "../support/one-resource.ts";
import { ARGS, MAC } from "../support/other-domain.ts";

let host: FakeHypervisor;
beforeEach(() => {
  host = new FakeHypervisor();
});

describe("two domains of one program", () => {
  const checked = async (...programs: object[]) => {
    const run = new Run({ "qemu:///system": host });
    const failures = [];
    for (const [index, program] of programs.entries()) {
      const name = `web-${index + 1}`;
      const news = { ...ARGS, ...program, name, __urn: URN.replace("web-1", name), __provider: "…" };
      failures.push(...((await run.provider.check?.({}, wire(news)))?.failures ?? []));
    }
    return failures.map(({ property, reason }) => `${property} ${reason}`);
  };

  test.each([
    [
      "one file",
      [{ disks: [{ file: "/images/a" }] }, { disks: [{ file: "/images/b" }, { file: "/images//a" }] }],
      /^disks\[1\]\.file is \/images\/a, which is a disk of \S+::web-1 too, and this domain writes/,
    ],
    [
      "one that the first only reads",
      [{ disks: [{ block: "/dev/a", readOnly: true }] }, { disks: [{ block: "/dev/a" }] }],
      /^disks\[0\]\.block is /,
    ],
    [
      "one MAC",
      [{ interfaces: [{ user: true, mac: MAC }] }, { interfaces: [{ user: true, mac: MAC.toUpperCase() }] }],
      /^interfaces\[0\]\.mac is 52:54:00:00:00:01, which an interface of \S+::web-1 has already/,
    ],
  ])(
    "that have %s: the second one is refused by the arguments, also where its host doesn't answer",
    async (_, programs, message) => {
      expect(await checked(...programs)).toEqual([expect.stringMatching(message)]);
      host.refuses.set("list", libvirtError(ErrorCode.RPC, "gone"));
      expect(await checked(...programs)).toEqual([expect.stringMatching(message)]);
    },
  );

  test("may read one file, have one in turn, and have the defaults", async () => {
    const reader = { disks: [{ file: "/images/a", readOnly: true }], interfaces: [{ user: true }] };
    expect(await checked(reader, reader, { disks: [{ file: "/images/a" }], running: false })).toEqual([]);
  });

  test("have what both had before, which an earlier version accepted", async () => {
    const program = (name: string) =>
      wire({
        ...ARGS,
        disks: [{ file: "/images/a" }],
        name,
        __urn: URN.replace("web-1", name),
        __provider: "…",
      });
    const run = new Run({ "qemu:///system": host });
    const failures = async (name: string, olds: object) =>
      (await run.provider.check?.(olds, program(name)))?.failures?.map(({ property }) => property);
    const olds = { ...program("web-1"), running: false };
    // Only the second one is new.
    expect(await failures("web-1", program("web-1"))).toEqual([]);
    expect(await failures("web-2", program("web-2"))).toEqual([]);
    expect(await failures("web-2", {})).toEqual(["disks[0].file"]);
    // The second one is to run now.
    expect(await failures("web-2", { ...program("web-2"), running: olds.running })).toEqual([
      "disks[0].file",
    ]);
  });

  test("a resource that gave a file up in this run leaves it to another one", async () => {
    const run = new Run({ "qemu:///system": host });
    const check = (name: string, disks: object[]) =>
      run.provider.check?.(
        {},
        wire({ ...ARGS, disks, name, __urn: URN.replace("web-1", name), __provider: "…" }),
      );
    await check("web-1", [{ file: "/images/a" }]);
    await check("web-1", []);
    expect((await check("web-2", [{ file: "/images/a" }]))?.failures ?? []).toEqual([]);
  });
});
