import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { domainUuid } from "../../provider/args/identity.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { draw } from "../../provider/explain/drawing.ts";
import { explain } from "../../provider/explain/explanation.ts";
import type { ExplainOptions } from "../../provider/explain/options.ts";
import type { Observation } from "../../provider/observe/observe.ts";
import { memoryView } from "../../provider/plan/observed.ts";
import { URN } from "../support/arbitrary-inputs.ts";
import { at, observation, runningAs, URI } from "../support/observations.ts";
import { off, ours, running, theirs, transient, view } from "../support/scene.ts";

const PAGE = { columns: 80, color: false };
const MADE = { urn: URN, uuid: domainUuid(URN) };

const drawn = (of: Observation, question: ExplainOptions = {}) => draw(explain(URI, of, question), PAGE);

const fixture = (name: string) =>
  readDomain(readFileSync(join(import.meta.dirname, `../domain/fixtures/${name}.xml`), "utf8"));

test("names and aliases are drawn without what a terminal would obey", () => {
  const [erase, csi, override] = ["\u001b[2J", "\u009b31m", "\u202e"];
  const alias = `dimm${csi}${erase}`;
  const text = drawn(
    observation(running({ devices: [{ ...theirs(0, 256), alias }] }), {
      name: `web${csi}-1${override}`,
      urn: `urn${erase}\nnext`,
    }),
  );
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

describe("the drawing of", () => {
  test("a plain domain that this provider doesn't manage", () => {
    expect(drawn(observation(running()), { memory: "1259MiB" })).toMatchInlineSnapshot(`
      "web-1: running, x86_64
      5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01 on qemu:///system
      not managed by this provider

      now        00000000·····························································
      next boot  00000000·····························································
                 0                                                               8 GiB
           part  node      size  slot  address  managed  alias
        0  base     0  1003 MiB
        ·  16 of 16 slots free: 0–15

      now        1003 MiB of at most 8 GiB in 16 slots
      next boot  the same
      vCPUs      1 of at most 1
      live up    1259–8171 MiB, step 256 MiB
      live down  no size: the domain has no DIMM managed by this provider

      plan for 1259 MiB
        live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart
        - maximum without a restart: 8 GiB
        1. attach a 256 MiB DIMM in slot 0, node 0
        2. set the definition to 1259 MiB of base memory for the next boot
        Note: planned as for a program that has adopted the domain (adopt: true)
      "
    `);
  });

  test("one that this provider created, its DIMMs with gaps, folded into its definition", () => {
    const devices = [at(0, ours(0, 256)), at(256, ours(3, 512))];
    const grown = observation(running({ devices }, { cells: [1771] }), MADE);
    expect(drawn(grown, { memory: "2027MiB", allowUnplug: true })).toMatchInlineSnapshot(`
      "web-1: running, x86_64
      b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c on qemu:///system
      created by this provider as
      urn:pulumi:dev::shop::pulumi-nodejs:dynamic/libvirt:Domain::web-1

      now        00000000aaabbbb······················································
      next boot  000000000000000······················································
                 0                                                               8 GiB
           part  node      size  slot  address      managed  alias
        0  base     0  1003 MiB
        a  dimm     0   256 MiB     0  0x100000000  yes      ua-pulumi-dimm0
        b  dimm     0   512 MiB     3  0x110000000  yes      ua-pulumi-dimm3
        ·  14 of 16 slots free: 1, 2 and 4–15

      now        1771 MiB of at most 8 GiB in 16 slots: base 1003 MiB and 768 MiB in
                 memory devices
      next boot  1771 MiB of at most 8 GiB in 16 slots
      vCPUs      1 of at most 1
      live up    2027–8171 MiB, step 256 MiB
      live down  1003–1515 MiB, step 256 MiB

      plan for 2027 MiB
        live: 1771 → 2027 MiB, one 256 MiB DIMM in slot 1 (13 of 16 free), no restart
        - maximum without a restart: 8 GiB
        1. attach a 256 MiB DIMM in slot 1, node 0
        2. set the definition to 2027 MiB of base memory for the next boot
      "
    `);
  });

  test("DIMMs not managed by this provider, and misaligned ones, as its XML has them", () => {
    const live = fixture("live-dimm-gaps");
    const grown = runningAs(live, view({ cells: [1003] }));
    expect(drawn(grown, { memory: "2931MiB" })).toMatchInlineSnapshot(`
      "grown: running, x86_64
      5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01 on qemu:///system
      adopted by this provider as
      urn:pulumi:dev::p::pulumi-nodejs:dynamic/libvirt:Domain::grown

      now        00000000aaabcc·······················································
      next boot  00000000·····························································
                 0                                                               8 GiB
           part  node      size  slot  address      managed  alias
        0  base     0  1003 MiB                              vCPUs 0-1
        a  dimm     0   256 MiB     0  0x100000000  yes      ua-pulumi-dimm0
        b  dimm     0   100 MiB     2  0x110000000  no       dimm2
           not aligned to the guest's memory blocks of 128 MiB, so a Linux guest
           rejects it
        c  dimm     0   292 MiB     9  0x116400000  no       dimm9
           not aligned to the guest's memory blocks of 128 MiB, so a Linux guest
           rejects it
        ·  13 of 16 slots free: 1, 3–8 and 10–15

      now        1651 MiB of at most 8 GiB in 16 slots: base 1003 MiB and 648 MiB in
                 memory devices
      next boot  1003 MiB of at most 8 GiB in 16 slots
      vCPUs      2 of at most 2; next boot 1 of at most 1
      pending    1003 MiB takes effect when the domain is next shut down and started;
                 a reboot inside the guest isn't enough
      live up    1907–8051 MiB, step 256 MiB
      live down  no size: hotplug.allowUnplug is false (if true: 1395 MiB)
      ports      none free for disks and network interfaces

      plan for 2931 MiB
        live: 1651 → 2931 MiB, one 1280 MiB DIMM in slot 1 (12 of 16 free), no restart
        - maximum without a restart: 8 GiB
        - the new memory starts at 0x130000000, since the 100 MiB DIMM in slot 2 is
          not aligned to the guest's memory blocks
        1. attach a 1280 MiB DIMM in slot 1, node 0, at 0x130000000
        2. set the definition to 2931 MiB of base memory for the next boot
        Note: this replaces the pending 1003 MiB if the program's state recorded it;
              otherwise up refuses it until a refresh
      "
    `);
  });

  test("several nodes, one of them without memory of its own", () => {
    const devices = [at(0, { ...ours(0, 256), node: 1 })];
    const room = { max: 2048, slots: 4 };
    const nodes = observation(running({ cells: [512, 1], devices, ...room }, { cells: [512, 257], ...room }));
    expect(drawn(nodes, { memory: "1025MiB", targetNode: "1" })).toMatchInlineSnapshot(`
      "web-1: running, x86_64
      5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01 on qemu:///system
      not managed by this provider

      now        000000000000000001aaaaaaaa···········································
      next boot  00000000000000000111111111···········································
                 0                                                               2 GiB
           part  node     size  slot  address      managed  alias
        0  base     0  512 MiB
        1  base     1    1 MiB
        a  dimm     1  256 MiB     0  0x100000000  yes      ua-pulumi-dimm0
        ·  3 of 4 slots free: 1–3

      now        769 MiB of at most 2 GiB in 4 slots: base 512 MiB in node 0, 1 MiB in
                 node 1 and 256 MiB in memory devices
      next boot  769 MiB of at most 2 GiB in 4 slots: base 512 MiB in node 0, 257 MiB
                 in node 1
      vCPUs      1 of at most 1
      live up    1025–1793 MiB, step 256 MiB
      live down  no size: hotplug.allowUnplug is false (if true: 513 MiB)

      plan for 1025 MiB
        live: 769 → 1025 MiB, one 256 MiB DIMM in slot 1 (2 of 4 free), no restart
        - maximum without a restart: 2 GiB
        1. attach a 256 MiB DIMM in slot 1, node 1
        2. set the definition to 1025 MiB of base memory for the next boot
        Note: planned as for a program that has adopted the domain (adopt: true)
      "
    `);
  });

  test("a transient one", () => {
    expect(drawn(observation(transient()), { memory: "1259MiB" })).toMatchInlineSnapshot(`
      "web-1: running, transient, x86_64
      5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01 on qemu:///system
      not managed by this provider

      now        00000000·····························································
                 0                                                               8 GiB
           part  node      size  slot  address  managed  alias
        0  base     0  1003 MiB
        ·  16 of 16 slots free: 0–15

      now        1003 MiB of at most 8 GiB in 16 slots
      next boot  nothing: the domain is transient
      vCPUs      1 of at most 1
      live up    1259–8171 MiB, step 256 MiB
      live down  no size: the domain has no DIMM managed by this provider

      plan for 1259 MiB
        live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart
        - maximum without a restart: 8 GiB
        - the domain is transient: the new size is lost when it stops
        1. attach a 256 MiB DIMM in slot 0, node 0
        Note: planned as for a program that has adopted the domain (adopt: true)
      "
    `);
  });

  test("one that is off", () => {
    expect(drawn(observation(off(), MADE), { memory: "2GiB" })).toMatchInlineSnapshot(`
      "web-1: off, x86_64
      b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c on qemu:///system
      created by this provider as
      urn:pulumi:dev::shop::pulumi-nodejs:dynamic/libvirt:Domain::web-1

      next boot  00000000·····························································
                 0                                                               8 GiB
           part  node      size  slot  address  managed  alias
        0  base     0  1003 MiB
        ·  16 of 16 slots free: 0–15

      next boot  1003 MiB of at most 8 GiB in 16 slots
      vCPUs      next boot 1 of at most 1
      live       the domain is off: another size only changes its definition

      plan for 2048 MiB
        live: 1003 → 2048 MiB in the definition (the domain is off)
        - maximum at the next boot: 8 GiB
        1. set the definition to 2048 MiB of base memory for the next boot
        Note: up also starts the domain, unless the program has running: false
      "
    `);
  });

  test("one without maxMemory and NUMA nodes", () => {
    const plain = observation(running({ max: undefined, cells: [] }));
    expect(drawn(plain, { memory: "2GiB" })).toMatchInlineSnapshot(`
      "web-1: running, x86_64
      5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01 on qemu:///system
      not managed by this provider

      now        000000000000000000000000000000000000000000000000000000000000000000000
      next boot  000000000000000000000000000000000000000000000000000000000000000000000
                 0                                                            1003 MiB
           part  node      size  slot  address  managed  alias
        0  base     -  1003 MiB

      now        1003 MiB, no maxMemory: it can't grow while the domain runs
      next boot  the same
      vCPUs      1 of at most 1
      live up    no size: the running domain doesn't have NUMA node 0 to plug memory
                 into; the running domain was started without maxMemory, so it has
                 neither slots nor room for DIMMs
      live down  no size: the domain has no DIMM managed by this provider

      plan for 2048 MiB
        refused: 1003 → 2048 MiB needs a replacement, but adopted domains are never
        replaced
        - the running domain doesn't have NUMA node 0 to plug memory into
        - the running domain was started without maxMemory, so it has neither slots
          nor room for DIMMs
        - the increase of 1045 MiB is not a multiple of 256 MiB
        - no other size works without a restart
        - adopted domains are never replaced
        - hotplug.whenNotPossible "restart" or "nextBoot" keeps the domain
        Note: planned as for a program that has adopted the domain (adopt: true)
      "
    `);
  });

  test("one with virtio-mem", () => {
    const live = fixture("virtio-mem");
    expect(drawn(runningAs(live, memoryView(live)))).toMatchInlineSnapshot(`
      "elastic: running, aarch64, virt-7.2
      9d7b7f47-9b1a-4c44-8d25-7a7f5d1d8f3c on qemu:///system
      not managed by this provider

      now        0000aa·······························································
      next boot  0000aa·······························································
                 0                                                              16 GiB
           part        node      size  slot  address      managed  alias
        0  base           0  1024 MiB                              vCPUs 0
        a  virtio-mem     0  2048 MiB     -  0x140000000  no       ua-virtiomem0
           512 MiB requested, 510 MiB taken by the guest, in blocks of 2 MiB
        ·  4 of 4 slots free: 0–3

      now        1536 MiB of at most 16 GiB in 4 slots: base 1024 MiB and 512 MiB in
                 memory devices
      next boot  the same
      vCPUs      1 of at most 1
      live up    1538–3072 MiB, step 2 MiB
      live down  1024–1534 MiB, step 2 MiB
      ports      none free for disks and network interfaces
      "
    `);
  });

  test("a size that is pending for the next boot, with a device", () => {
    const devices = [theirs(0, 512, "ua-theirs")];
    const waiting = observation(running({}, { cells: [1536], devices, max: 4096 }), MADE);
    expect(drawn(waiting, { memory: "1259MiB", whenNotPossible: "nextBoot" })).toMatchInlineSnapshot(`
      "web-1: running, x86_64
      b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c on qemu:///system
      created by this provider as
      urn:pulumi:dev::shop::pulumi-nodejs:dynamic/libvirt:Domain::web-1

      now        00000000·····························································
      next boot  0000000000000aaaaa·················
                 0                                                               8 GiB
           part  node      size  slot  address  managed  alias
        0  base     0  1003 MiB
        a  dimm     0   512 MiB     0  -        no       ua-theirs
           only in the definition: attached from the next boot
        ·  16 of 16 slots free: 0–15

      now        1003 MiB of at most 8 GiB in 16 slots
      next boot  2048 MiB of at most 4 GiB in 16 slots: base 1536 MiB and 512 MiB in
                 memory devices
      vCPUs      1 of at most 1
      pending    2048 MiB takes effect when the domain is next shut down and started;
                 a reboot inside the guest isn't enough
      live up    1259–8171 MiB, step 256 MiB
      live down  no size: the domain has no DIMM managed by this provider

      plan for 1259 MiB
        live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart
        - maximum without a restart: 8 GiB
        - the maximum of 4 GiB takes effect at the next boot
        1. attach a 256 MiB DIMM in slot 0, node 0
        2. set the definition to 1259 MiB of base memory for the next boot
        Note: this replaces the pending 2048 MiB if the program's state recorded it;
              otherwise up refuses it until a refresh
      "
    `);
  });

  test("a size that it has already", () => {
    expect(drawn(observation(running(), MADE), { memory: "1003MiB" })).toContain(
      "plan for 1003 MiB\n  no change\n",
    );
  });
});
