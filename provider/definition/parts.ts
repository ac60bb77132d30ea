import { completeDisk, completeInterface } from "../args/device-entries.ts";
import type { FIELDS, FieldName } from "../args/fields.ts";
import type { DiskInput, Inputs, InterfaceInput, MemoryBackingInput } from "../args/inputs.ts";
import { defined } from "../defined.ts";
import type { MemoryBackingSpec } from "../domain/backing.ts";
import { isBackedAs } from "../domain/backing.ts";
import type { DiskSpec, DomainSpec, InterfaceSpec, RngSpec, TpmSpec } from "../domain/spec.ts";
import { attribute, find, type SharedElement } from "../domain/tree.ts";
import { diskAlias, interfaceAlias } from "../plan/device-list/aliases.ts";
import { readCanonicalSize } from "../units/size.ts";

/** What the defaults of a part may depend on besides its argument. */
type Platform = Pick<DomainSpec, "type" | "arch" | "firmware" | "acpi">;

/** What an argument does to a domain's definition. */
interface Part {
  /** The part of the definition that the argument sets, with its default applied. */
  spec(inputs: Inputs, platform: Platform): Partial<DomainSpec>;
  /**
   * Whether an existing definition differs from the part. Left out: it differs if merging the part changes the XML.
   *
   * @param changes whether merging a spec changes the XML
   */
  differs?(
    domain: SharedElement,
    wanted: DomainSpec,
    changes: (spec: Partial<DomainSpec>) => boolean,
  ): boolean;
}

type Change = "definition" | "devices" | "graphics" | "nextBoot" | "replace";

/** The arguments that libvirt's XML stores, without identity, memory and vCPUs, which are more than one argument each. */
type StoredField = {
  [Name in FieldName]: (typeof FIELDS)[Name]["change"] extends Change ? Name : never;
}[Exclude<FieldName, "name" | "xml">];

/** One row for each of them: without it, the types don't match the field table. */
const PARTS = {
  cpu: { spec: ({ cpu }, platform) => defined({ cpu: cpu ?? defaultCpu(platform) }) },
  arch: {
    spec: (_, { arch }) => ({ arch }),
    differs: (domain, { arch }) => attribute(find(domain, "os", "type"), "arch") !== arch,
  },
  machine: { spec: ({ machine }) => defined({ machine }), differs: hasOtherMachine },
  firmware: { spec: (_, { firmware, acpi }) => ({ firmware, acpi }) },
  boot: { spec: ({ boot }) => defined({ boot }) },
  disks: { spec: ({ disks = [] }) => ({ disks: disks.map(diskSpec) }) },
  interfaces: { spec: ({ interfaces = [] }) => ({ interfaces: interfaces.map(interfaceSpec) }) },
  serial: { spec: ({ serial }) => defined({ serial }), differs: hasOtherSerial },
  agent: {
    spec: ({ agent = true }) => ({ agent }),
    // Only whether it is there matters, not its options: removing it shows that.
    differs: (_, { agent }, changes) => changes({ agent: false }) !== agent,
  },
  balloon: {
    spec: ({ balloon = true }) => ({ balloon }),
    differs: (_, { balloon }, changes) => changes({ balloon: false }) !== balloon,
  },
  graphics: { spec: ({ graphics }) => defined({ graphics: graphics && defined(graphics) }) },
  video: { spec: ({ video }) => defined({ video: video && defined(video) }) },
  rng: { spec: ({ rng }) => defined({ rng: rng && rngSpec(rng) }) },
  tpm: { spec: ({ tpm }, { arch }) => defined({ tpm: tpm && tpmSpec(tpm, arch) }) },
  watchdog: {
    spec: ({ watchdog }, { arch }) =>
      defined({ watchdog: watchdog && { ...defaultWatchdog(arch), ...defined(watchdog) } }),
  },
  memoryBacking: {
    spec: ({ memoryBacking }) => defined({ memoryBacking: memoryBacking && backingSpec(memoryBacking) }),
    differs: (domain, { memoryBacking }) => memoryBacking !== undefined && !isBackedAs(domain, memoryBacking),
  },
  description: { spec: ({ description }) => defined({ description }) },
} satisfies Record<StoredField, Part>;

export const STORED_FIELDS = Object.keys(PARTS) as StoredField[];

export function partOf(field: StoredField): Part {
  return PARTS[field];
}

/** The parts of a definition that these arguments set. */
export function specOf(fields: StoredField[], inputs: Inputs, platform: Platform): Partial<DomainSpec> {
  return Object.assign({}, ...fields.map((field) => partOf(field).spec(inputs, platform)));
}

type AnyPart = ReturnType<(typeof PARTS)[StoredField]["spec"]>;
type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/** The parts of a definition that all arguments set. The type has every property that some part always has. */
export function specOfAll(inputs: Inputs, platform: Platform): Intersection<AnyPart> {
  return specOf(STORED_FIELDS, inputs, platform) as Intersection<AnyPart>;
}

/** libvirt's own default for an emulated aarch64 guest is a 32-bit CPU, which can't run UEFI or a 64-bit kernel. */
function defaultCpu({ arch, type }: Platform): string | undefined {
  if (arch !== "aarch64") return undefined;
  return type === "kvm" ? "host-passthrough" : "maximum";
}

/** A new disk: one that a domain has already keeps its alias (placed-devices.ts). */
function diskSpec(entry: DiskInput): DiskSpec {
  return defined({ ...completeDisk(entry), alias: diskAlias(entry) });
}

function interfaceSpec(entry: InterfaceInput): InterfaceSpec {
  return defined({ ...completeInterface(entry), alias: interfaceAlias(entry) });
}

function rngSpec({ source = "/dev/urandom", bytes, period = 1000 }: NonNullable<Inputs["rng"]>): RngSpec {
  return { source, ...(bytes !== undefined && { rate: { bytes, period } }) };
}

/** Version 1.2 is only available as TIS. */
function tpmSpec({ model, version = "2.0" }: NonNullable<Inputs["tpm"]>, arch: string): TpmSpec {
  const usual = arch.startsWith("ppc64") ? "spapr" : isX86(arch) && version === "2.0" ? "crb" : "tis";
  return { model: model ?? usual, version };
}

function defaultWatchdog(arch: string) {
  return { model: arch === "s390x" ? "diag288" : "i6300esb", action: "reset" };
}

function isX86(arch: string): boolean {
  return arch === "x86_64" || arch === "i686";
}

function backingSpec({ hugePages, locked, shared }: MemoryBackingInput): MemoryBackingSpec {
  return defined({
    hugePages: hugePages === undefined ? undefined : readCanonicalSize(hugePages),
    locked,
    shared,
  });
}

/** libvirt replaces an alias of QEMU's ("q35", "pc", "virt") by the versioned machine type that it stands for. */
function hasOtherMachine(domain: SharedElement, { machine }: DomainSpec): boolean {
  const found = attribute(find(domain, "os", "type"), "machine");
  const family = machine === "pc" ? "pc-i440fx" : machine === "q35" ? "pc-q35" : machine;
  return machine !== found && found?.startsWith(`${family}-`) !== true;
}

/** The first serial port decides; libvirt derives the console from it. */
function hasOtherSerial(domain: SharedElement, { serial: wanted }: DomainSpec): boolean {
  const serial = find(domain, "devices", "serial");
  const type = attribute(serial, "type");
  return typeof wanted === "object"
    ? type !== "file" || attribute(find(serial, "source"), "path") !== wanted.file
    : type !== wanted;
}
