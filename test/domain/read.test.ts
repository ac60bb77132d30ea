import { describe, expect, it } from "vitest";
import { isAgentConnected, readDomain } from "../../provider/domain/read.ts";
import { fixture } from "./fixture.ts";

describe("isAgentConnected", () => {
  const channel = (target: string) =>
    `<domain><devices><channel type='unix'><target type='virtio' ${target}/></channel></devices></domain>`;

  it.each([
    ["name='org.qemu.guest_agent.0' state='connected'", true],
    ["name='org.qemu.guest_agent.0' state='disconnected'", false],
    ["name='org.qemu.guest_agent.0'", false],
    ["name='com.redhat.spice.0' state='connected'", false],
  ])("%s: %s", (target, connected) => {
    expect(isAgentConnected(channel(target))).toBe(connected);
  });

  it("is false without a channel, and without devices", () => {
    expect(isAgentConnected("<domain><devices/></domain>")).toBe(false);
    expect(isAgentConnected("<domain/>")).toBe(false);
  });
});

describe("readDomain", () => {
  it("reads what virt-install made", () => {
    expect(readDomain(fixture("virt-install"))).toEqual({
      type: "kvm",
      name: "debian12",
      id: 3,
      uuid: "0c4b4f5e-64cb-43ac-a9a4-9b2d9d0f1f0f",
      memory: 2097152,
      currentMemory: 2097152,
      vcpus: 2,
      cells: [],
      devices: [],
      disks: [
        {
          ...{ device: "disk", bus: "virtio", target: "vda", readOnly: false, alias: "virtio-disk0" },
          ...{ file: "/var/lib/libvirt/images/debian12.qcow2", format: "qcow2", discard: "unmap" },
        },
      ],
      cards: [
        { kind: "network", source: "default", model: "virtio", mac: "52:54:00:6b:3c:58", alias: "net0" },
      ],
      freePorts: 0,
      arch: "x86_64",
      machine: "pc-q35-7.2",
      acpi: true,
      uefi: false,
      pinned: false,
    });
  });

  it("reads DIMMs plugged by several hands", () => {
    const state = readDomain(fixture("live-dimm-gaps"));
    expect(state).toMatchObject({ memory: 1690624, maxMemory: { size: 8388608, slots: 16 } });
    expect(state.ownership).toEqual({
      version: 1,
      urn: "urn:pulumi:dev::p::pulumi-nodejs:dynamic/libvirt:Domain::grown",
      creating: false,
    });
    expect(state.devices).toEqual([
      { model: "dimm", size: 262144, node: 0, slot: 0, base: "0x100000000", alias: "ua-pulumi-dimm0" },
      { model: "dimm", size: 102400, node: 0, slot: 2, base: "0x110000000", alias: "dimm2" },
      { model: "dimm", size: 299008, node: 0, slot: 9, base: "0x116400000", alias: "dimm9" },
    ]);
  });

  it("reads units, cells out of order, sources and UEFI", () => {
    const state = readDomain(fixture("hand-made"));
    expect(state).toMatchObject({
      name: "build-7",
      memory: 3 * 1024 * 1024,
      currentMemory: 2 * 1024 * 1024,
      maxMemory: { size: 16 * 1024 * 1024, slots: 8 },
      vcpus: 4,
      uefi: true,
      cells: [
        { id: 0, memory: 1048576, cpus: "0-1" },
        { id: 1, memory: 1048576, cpus: "2-3" },
      ],
    });
    expect(state.devices[0]).toEqual({
      model: "dimm",
      size: 524288,
      node: 1,
      pageSize: 2048,
      nodemask: "0-1",
      slot: 3,
      base: "0x140000000",
      alias: "ua-by-hand",
    });
    expect(state.ownership).toBeUndefined();
  });

  it("reads virtio-mem, whose whole size counts", () => {
    const state = readDomain(fixture("virtio-mem"));
    expect(state).toMatchObject({ memory: 3145728, currentMemory: 1572864, arch: "aarch64", uefi: true });
    expect(state.devices).toEqual([
      {
        model: "virtio-mem",
        size: 2097152,
        requested: 524288,
        current: 522240,
        block: 2048,
        node: 0,
        pageSize: 2048,
        base: "0x140000000",
        alias: "ua-virtiomem0",
      },
    ]);
  });
});

describe("libvirt's rules of memory", () => {
  const domain = (inside: string) => `<domain type='qemu'><name>n</name>${inside}</domain>`;
  const cells = (...memories: string[]) =>
    `<cpu><numa>${memories.map((memory) => `<cell ${memory}/>`).join("")}</numa></cpu>`;
  const dimm = `<devices><memory model='dimm'><target><size unit='MiB'>1</size></target></memory></devices>`;

  it.each([
    ["<memory> in KiB", "<memory>5</memory>", 5],
    ["the first <memory>", "<memory>5</memory><memory>6</memory>", 5],
    ["one of another namespace doesn't count", "<x:memory xmlns:x='urn:x'>4</x:memory><memory>5</memory>", 5],
    [
      "cells override it",
      `<memory>5</memory>${cells("id='0' memory='7'", "id='1' memory='1' unit='M'")}`,
      1031,
    ],
    ["only cells", cells("memory='7'", "memory='8'"), 15],
    ["devices on top of cells", `<memory>5</memory>${cells("id='0' memory='7'")}${dimm}`, 1031],
    ["without cells they are inside", `<memory>2048</memory>${dimm}`, 2048],
    ["bytes are rounded up", "<memory unit='b'>1025</memory>", 2],
  ])("%s", (_, inside, memory) => {
    expect(readDomain(domain(inside)).memory).toBe(memory);
  });

  it.each([
    ["absent", "", 8],
    ["empty", "<currentMemory/>", 8],
    ["0", "<currentMemory>0</currentMemory>", 8],
    ["above the total", "<currentMemory>9</currentMemory>", 8],
    ["below", "<currentMemory>7</currentMemory>", 7],
  ])("currentMemory %s", (_, inside, currentMemory) => {
    expect(readDomain(domain(`<memory>8</memory>${inside}`)).currentMemory).toBe(currentMemory);
  });

  it("slots are optional", () => {
    expect(readDomain(domain("<memory>8</memory><maxMemory unit='M'>1</maxMemory>")).maxMemory).toEqual({
      size: 1024,
    });
    expect(readDomain(domain("<memory>8</memory>")).maxMemory).toBeUndefined();
  });

  it.each(["100000000", "0x100000000", "0X0100000000"])("base %s is hexadecimal", (base) => {
    const xml = domain(
      `<memory>9</memory><devices><memory model='dimm'><target><size>1</size></target><address type='dimm' slot='1' base='${base}'/></memory></devices>`,
    );
    expect(readDomain(xml).devices[0]?.base).toBe("0x100000000");
  });

  it("keeps a base that no JS number holds", () => {
    const xml = domain(
      `<memory>9</memory><devices><memory model='dimm'><target><size>1</size></target><address type='dimm' slot='1' base='0xfffffffffffffff1'/></memory></devices>`,
    );
    expect(readDomain(xml).devices[0]?.base).toBe("0xfffffffffffffff1");
  });

  it.each([
    ["", "the domain has no memory"],
    ["<memory/>", "the domain has no memory"],
    ["<memory>1 GiB</memory>", '<memory>: "1 GiB" is not a whole number'],
    ["<memory unit='GI'>1</memory>", '"GI" is not a unit'],
    ["<memory>1</memory><vcpu>two</vcpu>", '<vcpu>: "two"'],
    ["<memory>1</memory><devices><memory model='ram'/></devices>", 'unknown model of a memory device: "ram"'],
  ])("%j is refused", (inside, problem) => {
    expect(() => readDomain(domain(inside))).toThrow(problem);
  });

  it.each([
    ["<locked/>", true],
    ["<allocation mode='immediate'/>", true],
    ["<allocation mode='ondemand'/>", false],
    ["<hugepages/>", false],
  ])("knows memory that the host must have at once: %s", (backing, pinned) => {
    const xml = `<domain><memory>1024</memory><memoryBacking>${backing}</memoryBacking></domain>`;
    expect(readDomain(xml).pinned).toBe(pinned);
  });
});
