import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { virtioMemFor } from "../definition/domain-spec.ts";
import { hugePageOf, platformOf } from "../definition/platform.ts";
import type { VirtioMemSpec } from "../domain/spec.ts";
import { readHost } from "../observe/host.ts";
import { ceilingFor } from "../plan/definition/folded.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { cellsFor, emptyNodeNote } from "../plan/numa/cells.ts";
import { pluggingReason } from "../plan/platform.ts";
import { fitting, withNote } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { formatMib, formatSize } from "../units/size.ts";

/** The memory of a new domain: what it starts with, and how far it can grow. */
export async function describeCreation(session: Session, inputs: Inputs): Promise<string> {
  const desired = desiredMemory(inputs, session.defaults);
  if (desired === undefined) return "not known yet";
  const { memory, currentMemory = memory } = desired;
  const balloon = currentMemory < memory ? ` (balloon target ${formatSize(currentMemory)})` : "";
  const start = `starts with ${formatSize(memory)}${balloon}`;
  // Only where it may have room the architecture matters.
  const mayGrow = ceilingFor(desired, platformOf(inputs, "")).maxMemory !== undefined;
  const arch = mayGrow ? await archOf(session, inputs) : platformOf(inputs, "").arch;
  const room = describeRoom(desired, inputs, arch ?? "");
  const line = fitting(...room.map((wording) => `${start}; ${wording}`));
  const node = emptyNodeNote(desired, inputs.machine);
  const described = node === undefined ? line : withNote(line, node);
  const isPromised = ceilingFor(desired, platformOf(inputs, arch ?? "")).maxMemory !== undefined;
  return arch === undefined && isPromised ? withNote(described, NOT_KNOWN) : described;
}

const NOT_KNOWN = "if the host's architecture supports memory hot-plug";

/** The architecture of a new domain, which is its host's where neither an argument nor XML sets one; undefined: not known. */
async function archOf(session: Session, inputs: Inputs): Promise<string | undefined> {
  const known = platformOf(inputs, "").arch;
  if (known !== "") return known;
  const hostArch =
    inputs.uri === UNKNOWN
      ? undefined
      : await session.ask(
          session.uriFor(inputs),
          async (hypervisor) => readHost(await hypervisor.capabilities()).arch,
        );
  return hostArch ?? impliedArch(platformOf(inputs, "").machine);
}

/** What a machine type tells of the architecture. Several have a machine type "virt". */
function impliedArch(machine = ""): string | undefined {
  return ARCH_OF_MACHINE.find(([names]) => names.test(machine))?.[1];
}

const ARCH_OF_MACHINE: readonly [names: RegExp, arch: string][] = [
  [/^(pc|q35|isapc|microvm|ubuntu)(-|$)/, "x86_64"],
  [/^(pseries|powernv)/, "ppc64"],
  [/^s390-ccw/, "s390x"],
  [/^sbsa-ref/, "aarch64"],
];

/** Wordings of how far the memory can grow, the most detailed one first. */
function describeRoom(desired: DesiredMemory, inputs: Inputs, arch: string): string[] {
  // An architecture that isn't known is taken to have memory hot-plug.
  const platform = platformOf(inputs, arch);
  const { maxMemory } = ceilingFor(desired, platform);
  if (maxMemory === undefined) {
    const brief = "without room to grow while it runs";
    if (!desired.enabled) return [`${brief} (hotplug.enabled is false)`];
    const reason = pluggingReason(desired, platform);
    const reasons = reason === undefined ? [] : [reason.text, reason.predicate];
    return [...reasons.map((why) => `${brief} (${why})`), brief];
  }
  if (desired.device === "dimm")
    return [
      `room for ${maxMemory.slots === 1 ? "1 DIMM" : `${maxMemory.slots} DIMMs`}, up to ${formatSize(maxMemory.size)}`,
    ];
  const cells = cellsFor(desired, inputs.machine);
  const pages = defined({ pageSize: hugePageOf(inputs) });
  return describeVirtioMemDevices(virtioMemFor(desired, cells, { ...platform, devices: [], ...pages }));
}

/** "a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB" */
function describeVirtioMemDevices(devices: VirtioMemSpec[]): string[] {
  const [first] = devices;
  if (first === undefined) {
    const brief = "without room for a virtio-mem device";
    return [`${brief}, which holds whole memory blocks of the guest`, brief];
  }
  const each = devices.length === 1 ? "a virtio-mem device" : "virtio-mem devices";
  const nodes = devices.map(({ node }) => node).join(", ");
  return [
    `${each} of ${formatSize(first.size)} on node ${nodes} to grow into, in steps of ${formatMib(first.block)}`,
    `${each} of ${formatSize(first.size)} to grow into`,
  ];
}
