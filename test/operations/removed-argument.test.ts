import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { parseDomain } from "../../provider/domain/parse.ts";
import { readCountedMemory, readDomain } from "../../provider/domain/read.ts";
import {
  attribute,
  children,
  type Element,
  find,
  remove,
  serialiseNode,
} from "../../provider/domain/tree.ts";

import { readNumbers } from "../../provider/units/number-list.ts";
import { readCanonicalSize } from "../../provider/units/size.ts";
import { places } from "../support/arbitrary-inputs.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { CheckFailed, OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

/** Every case is a create and several updates. */
type Program = Record<string, unknown>;

const size = (mib: number) => `${mib}MiB`;

/** Nodes with their shares, vCPUs or neither. */
const nodes = fc
  .array(fc.constantFrom(128, 256, 300), { minLength: 1, maxLength: 3 })
  .chain((shares) =>
    fc
      .boolean()
      .map((hasCpus) =>
        shares.map((share, node) => ({ memory: size(share), ...(hasCpus && { cpus: `${node}` }) })),
      ),
  );

const hotplug = fc.record(
  {
    enabled: fc.boolean(),
    alignment: fc.constantFrom("128MiB", "512MiB"),
    whenNotPossible: fc.constantFrom("restart", "nextBoot", "error", "replace"),
    applyOn: fc.constantFrom("now", "nextBoot"),
    device: fc.constantFrom("dimm", "virtio-mem"),
    allowUnplug: fc.boolean(),
    heal: fc.boolean(),
    online: fc.constantFrom("agent", "none"),
    awaitGuest: fc.constant(false as const),
    targetNode: fc.constantFrom<(number | string)[]>(0, 1, "spread"),
    maxDimmSize: fc.constant("1GiB"),
    emptyNode: fc.constantFrom("minimal", "exact"),
    source: fc.record({ nodeset: fc.constant("0"), pageSize: fc.constant("4KiB") }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

/** A program with a value for any argument, other than those that make it another domain. */
const program: fc.Arbitrary<Program> = fc.record(
  {
    memory: fc.constantFrom(size(900), size(1024), size(1156)),
    maxMemory: fc.constantFrom(size(4096), size(8192)),
    memorySlots: fc.constantFrom(2, 8),
    vcpus: fc.constantFrom(3, 4),
    hotplug,
    numa: nodes,
    currentMemory: fc.constant(size(512)),
    guestWidth: fc.constant(64),
    cpu: fc.constantFrom("host-passthrough", "Nehalem"),
    machine: fc.constantFrom("pc-q35-7.2", "pc-q35-5.0", "pc-i440fx-7.2"),
    firmware: fc.constantFrom("bios", "uefi"),
    boot: fc.record(
      { kernel: fc.constant("/k"), initrd: fc.constant("/i"), commandLine: fc.constant("quiet") },
      { requiredKeys: ["kernel"] },
    ),
    disks: fc.array(
      fc.record(
        {
          file: fc.constantFrom("/a", "/b"),
          format: fc.constant("raw"),
          bus: fc.constantFrom("scsi", "sata"),
          readOnly: fc.constant(true),
        },
        { requiredKeys: ["file"] },
      ),
      { maxLength: 3 },
    ),
    interfaces: fc.array(
      fc.record(
        { network: fc.constant("default"), model: fc.constant("e1000e") },
        { requiredKeys: ["network"] },
      ),
      { maxLength: 2 },
    ),
    serial: fc.oneof(fc.constant("pty"), fc.constant({ file: "/log" })),
    agent: fc.boolean(),
    balloon: fc.boolean(),
    description: fc.constant("the shop"),
    running: fc.constantFrom(true, true, false),
    autostart: fc.boolean(),
    shutdownTimeout: fc.constant(5),
    forceOff: fc.boolean(),
    onDelete: fc.constant("delete"),
    uri: fc.constant("qemu:///system"),
  },
  { requiredKeys: ["memory"] },
);

/** The program without the argument at this place. */
function without(value: unknown, [step, ...rest]: (string | number)[]): unknown {
  if (Array.isArray(value))
    return rest.length === 0
      ? value.toSpliced(Number(step), 1)
      : value.with(Number(step), without(value[Number(step)], rest));
  const { [String(step)]: inner, ...others } = value as Program;
  return rest.length === 0 ? others : { ...others, [String(step)]: without(inner, rest) };
}

const BY_HAND = "<title>by hand</title>";

/** A definition without its memory, whose parts are in no order, and without what an edit leaves (controllers). */
function besidesMemory(xml: string): string[] {
  const { root } = parseDomain(xml.replaceAll(/>\s+</g, "><").replace(BY_HAND, ""));
  const numa = find(root, "cpu", "numa");
  const cpu = find(root, "cpu");
  const topology = find(cpu, "topology");
  if (cpu && numa) remove(cpu, numa);
  // The maximum of the vCPUs is kept, and with it the topology; the number at boot is compared.
  if (cpu && topology) remove(cpu, topology);
  const { vcpus, currentVcpus = vcpus } = readDomain(xml);
  const isCompared = ({ name }: Element) =>
    !["memory", "currentMemory", "maxMemory", "vcpu", "vcpus", "devices", "metadata"].includes(name);
  const isDevice = ({ name }: Element) => name !== "controller" && name !== "memory";
  const parts = [...children(root).filter(isCompared), ...children(find(root, "devices")).filter(isDevice)];
  return [
    ...parts
      .filter((part) => part.name !== "cpu" || part.attributes.size > 0 || part.children.length > 0)
      .map(serialiseNode)
      .sort(),
    `${currentVcpus} vCPUs`,
  ];
}

function totalOf(xml: string): number | undefined {
  return readCountedMemory(parseDomain(xml).root)?.size;
}

async function definitionOf(args: Program): Promise<string> {
  const host = new FakeHypervisor();
  await new OneResource(host).up(args);
  return host.only.inactive ?? "";
}

/** Check refuses arguments without an effect. */
function fitting({ hotplug = {}, ...args }: Program): Program {
  const { enabled, device, targetNode, maxDimmSize, source, ...rest } = hotplug as Program;
  const isElastic = device === "virtio-mem";
  const count = (args.numa as unknown[] | undefined)?.length ?? 1;
  const plugs = {
    ...(device !== undefined && { device }),
    ...(targetNode !== undefined && targetNode !== 1 && { targetNode }),
    ...(targetNode === 1 && count > 1 && { targetNode }),
    ...(maxDimmSize !== undefined && !isElastic && { maxDimmSize }),
    ...(source !== undefined && { source }),
  };
  const { currentMemory, ...others } = args;
  return {
    ...others,
    vcpus: args.numa === undefined ? args.vcpus : (args.vcpus ?? 3),
    ...(currentMemory !== undefined && args.balloon !== false && !isElastic && { currentMemory }),
    hotplug: enabled === false ? { ...rest, enabled } : { ...rest, ...plugs },
  };
}

/** XML of the program's own, with other values than the defaults of the arguments. */
const OWN_XML = `<domain type='kvm'><vcpu>3</vcpu><os><type arch='x86_64' machine='pc-q35-6.2'>hvm</type><cmdline>verbose</cmdline></os>
<description>in the XML</description><features><acpi/></features><cpu mode='host-model'/>
<devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/own'/><target dev='vdx' bus='virtio'/></disk>
<serial type='pty'><target port='0'/></serial><memballoon model='none'/></devices></domain>`;

const removal = fc.tuple(program, fc.constantFrom(false, false, true)).chain(([any, hasXml]) => {
  const args = JSON.parse(JSON.stringify(fitting(any))) as Program;
  if (hasXml) Object.assign(args, { xml: OWN_XML, ...(args.vcpus !== undefined && { vcpus: 3 }) });
  const candidates = places(args).filter((place) => place[0] !== "memory" && place[0] !== "xml");
  const nodesOrNumbers = candidates.filter(([first]) => first === "numa" || first === "vcpus");
  return fc.record({
    args: fc.constant(args),
    place: fc.oneof(
      fc.constantFrom(...candidates),
      fc.constantFrom(...(nodesOrNumbers.length > 0 ? nodesOrNumbers : candidates)),
    ),
    isOff: fc.constantFrom(false, false, true),
    grows: fc.boolean(),
  });
});

property.prop([removal], cases(50))(
  "an argument that is removed from the program: the total and everything not named stay",
  async ({ args, place, isOff, grows }) => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    const later = without(args, place) as Program;
    if (later.memory === undefined) return;
    let had = args;
    try {
      await stack.up(args);
      if (grows) {
        const larger = { ...args, memory: size(readCanonicalSize(String(args.memory)) / 1024 + 512) };
        await stack.up(larger);
        Object.assign(later, { memory: larger.memory });
        had = larger;
      }
    } catch {
      // Some programs are refused.
      return;
    }
    const { uuid } = host.only;
    if (isOff && host.only.live !== undefined) host.turnOff(uuid);
    const inactive = (host.only.inactive ?? "").replace("</uuid>", `</uuid>${BY_HAND}`);
    const live = host.only.live?.replace("</uuid>", `</uuid>${BY_HAND}`);
    host.change(uuid, { inactive, ...(live && { live }) });
    const before = readDomain(inactive);
    const kind = await stack.up(later).catch((error: Error) => {
      if (!(error instanceof CheckFailed) && !error.message.startsWith("refused")) throw error;
      expect(host.only.inactive).toBe(inactive);
      return "refused" as const;
    });
    if (kind === "refused") return;
    const after = host.only.inactive ?? "";
    const { memory } = stack.recorded.inputs;
    expect(totalOf(after)).toBe(readCanonicalSize(String(memory)));
    if (kind === "replace") return;
    expect(after).toContain(BY_HAND);
    expect(besidesMemory(after)).toEqual(besidesMemory(await definitionOf(later)));
    const { cells, vcpus } = readDomain(after);
    if (later.numa === undefined) {
      expect(cells.map((cell) => cell.id)).toEqual(before.cells.map((cell) => cell.id));
      if (had.numa !== undefined && place.length === 1 && place[0] === "numa")
        expect(cells).toEqual(before.cells);
    } else expect(cells).toHaveLength((later.numa as unknown[]).length);
    const numbers = cells.flatMap(({ cpus }) => (cpus === undefined ? [] : readNumbers(cpus)));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(0, ...numbers)).toBeLessThan(vcpus);
    // A start that the first preview didn't announce.
    if (isOff) await stack.up(later);
    expect(await stack.up(later)).toBe("same");
    expect(attribute(parseDomain(after).root, "type")).toBe("kvm");
  },
);

property.prop([removal], cases(20))(
  "an argument that is removed from the program of an adopted domain: the domain keeps what it has",
  async ({ args, place }) => {
    const host = new FakeHypervisor();
    const later = without(args, place) as Program;
    const maker = new OneResource(host);
    const stack = new OneResource(host);
    try {
      await maker.up({ ...args, onDelete: "keep" });
      await maker.destroy();
      await stack.up({ ...args, adopt: true });
    } catch {
      // Some programs are refused.
      return;
    }
    const { inactive = "", autostart } = host.only;
    await stack.refresh();
    await stack.up({ ...later, adopt: true }).catch((error: Error) => {
      if (!(error instanceof CheckFailed) && !error.message.startsWith("refused")) throw error;
    });
    const after = host.only.inactive ?? "";
    expect(totalOf(after)).toBe(totalOf(inactive));
    // A node, a disk or a part of one that is removed is a change of the argument.
    const isWhole = place.length === 1;
    if (isWhole) expect(besidesMemory(after)).toEqual(besidesMemory(inactive));
    if (isWhole) expect(readDomain(after).cells).toEqual(readDomain(inactive).cells);
    expect(host.only.autostart).toBe(autostart);
  },
);
