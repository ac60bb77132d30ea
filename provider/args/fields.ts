import { z } from "zod";
import { numbersProblem } from "../units/number-list.ts";
import { disk, networkInterface } from "./devices.ts";
import { graphics, memoryBacking, rng, tpm, video, watchdog } from "./hardware.ts";
import {
  MAX_DEVICES,
  MAX_HOOK_ARGUMENTS,
  MAX_HOOK_TIMEOUT,
  MAX_HOTPLUG_PORTS,
  MAX_NODES,
  MAX_SHUTDOWN_TIMEOUT,
  MAX_SLOTS,
  MAX_VCPUS,
} from "./limits.ts";
import {
  flag,
  integer,
  oneOf,
  optional,
  orUnknown,
  pageSize,
  parsed,
  path,
  pattern,
  shape,
  size,
  sizeOrZero,
  text,
} from "./schema.ts";
import { HOTPLUG_SCHEMAS } from "./settings.ts";
import { UNKNOWN } from "./unknown.ts";

/**
 * What a change of an argument does to an existing domain:
 * - `memory`, `vcpus`: the planner decides (provider/plan);
 * - `devices`: devices are attached to, detached from and changed in the running domain where that is possible
 *   (provider/plan/device-list);
 * - `graphics`: another password is set in the running domain where that is possible, else as `nextBoot` (plan/graphics.ts);
 * - `live`: it is applied to the running domain and its definition;
 * - `definition`: it is applied to the definition, and no running domain depends on it;
 * - `nextBoot`: it is applied to the definition, and takes effect once the domain was shut down and started;
 * - `setting`: nothing; the provider behaves differently from then on;
 * - `creation`: nothing; it only matters when the resource is created;
 * - `replace`: the domain is deleted and recreated;
 * - `identity`: it is computed at creation and never changes.
 */
export type ChangeNeeds =
  | "memory"
  | "graphics"
  | "devices"
  | "vcpus"
  | "live"
  | "definition"
  | "nextBoot"
  | "setting"
  | "creation"
  | "replace"
  | "identity";

interface Field {
  schema: z.ZodType;
  change: ChangeNeeds;
}

const serialFile = shape("serial", { file: path });

/** libvirt's list of vCPUs or host nodes (virBitmapParse): "^" excludes a single number. */
const numbers = parsed((value) => {
  if (value === UNKNOWN) return UNKNOWN;
  if (typeof value !== "string" || !NUMBERS.test(value)) throw new Error('must be a list such as "0-1,4"');
  const problem = numbersProblem(value);
  if (problem !== undefined) throw new Error(problem);
  return value;
});
const NUMBERS = /^\d{1,4}(-\d{1,4})?(,(\^\d{1,4}|\d{1,4}(-\d{1,4})?))*$/;

const cell = shape("a node", optional({ memory: sizeOrZero, cpus: numbers }));

const cpuTopology = shape("cpuTopology", {
  sockets: integer(1, MAX_VCPUS),
  dies: integer(1, MAX_VCPUS).optional(),
  cores: integer(1, MAX_VCPUS),
  threads: integer(1, MAX_VCPUS).optional(),
});

const hook = shape("a hook", {
  command: orUnknown(
    z
      .array(text("a program or one of its arguments"), "must be a list of a program and its arguments")
      .max(MAX_HOOK_ARGUMENTS, `must have at most ${MAX_HOOK_ARGUMENTS} arguments`)
      .refine(([program]) => program !== undefined && program !== "", "must start with a program"),
  ),
  timeout: integer(1, MAX_HOOK_TIMEOUT, "seconds").optional(),
});

const nodeMessage = 'must be the number of a NUMA node (from 0) or "spread"';
const targetNode = z.union(
  [
    z.literal("spread"),
    z
      .int()
      .min(0, nodeMessage)
      .max(MAX_NODES - 1, nodeMessage),
  ],
  nodeMessage,
);

/** The settings with a default for the whole stack come first (settings.ts). */
const hotplug = shape(
  "hotplug",
  optional({
    ...HOTPLUG_SCHEMAS,
    targetNode: orUnknown(targetNode),
    maxDimmSize: size,
    emptyNode: oneOf("minimal", "exact"),
    source: orUnknown(shape("source", optional({ nodeset: numbers, pageSize }))),
    before: orUnknown(hook),
    after: orUnknown(hook),
  }),
);

/** Every argument of a Domain, in the order of its documentation: its form, and what a change of it does. */
export const FIELDS = {
  name: {
    schema: pattern(
      // The name becomes part of file names on the host, which hold up to 255 bytes and no slash.
      /^[A-Za-z0-9_][A-Za-z0-9_.+:@-]{0,199}$/,
      "must be 1 to 200 letters, digits and _ . + : @ -, starting with a letter, a digit or _",
    ),
    change: "replace",
  },
  uuid: { schema: text("a UUID"), change: "identity" },
  memory: { schema: size, change: "memory" },
  maxMemory: { schema: size, change: "memory" },
  memorySlots: { schema: integer(1, MAX_SLOTS), change: "memory" },
  vcpus: { schema: integer(1, MAX_VCPUS), change: "vcpus" },
  maxVcpus: { schema: integer(1, MAX_VCPUS), change: "vcpus" },
  cpuTopology: { schema: orUnknown(cpuTopology), change: "vcpus" },
  hotplug: { schema: orUnknown(hotplug), change: "setting" },
  numa: {
    schema: orUnknown(
      z
        .array(orUnknown(cell), "must be a list of NUMA nodes")
        .min(1, "must list at least one node")
        .max(MAX_NODES, `must list at most ${MAX_NODES} nodes`),
    ),
    change: "memory",
  },
  currentMemory: { schema: size, change: "memory" },
  guestWidth: { schema: orUnknown(z.literal([32, 64], "must be 32 or 64")), change: "setting" },
  cpu: {
    schema: pattern(
      /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/,
      'must be "host-passthrough", "host-model", "maximum" or the name of a CPU model',
    ),
    change: "nextBoot",
  },
  arch: {
    schema: oneOf("x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "riscv64", "s390x"),
    change: "replace",
  },
  machine: {
    schema: pattern(
      /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/,
      'must be a machine type such as "q35" or "pc-q35-7.2"',
    ),
    change: "nextBoot",
  },
  firmware: { schema: oneOf("bios", "uefi"), change: "replace" },
  boot: {
    schema: orUnknown(
      shape("boot", {
        kernel: path,
        initrd: path.optional(),
        commandLine: text("the kernel's command line").optional(),
      }),
    ),
    change: "nextBoot",
  },
  disks: {
    schema: orUnknown(
      z
        .array(orUnknown(disk), "must be a list of disks")
        .max(MAX_DEVICES, `must list at most ${MAX_DEVICES} disks`),
    ),
    change: "devices",
  },
  interfaces: {
    schema: orUnknown(
      z
        .array(orUnknown(networkInterface), "must be a list of interfaces")
        .max(MAX_DEVICES, `must list at most ${MAX_DEVICES} interfaces`),
    ),
    change: "devices",
  },
  reportAddresses: { schema: flag, change: "setting" },
  hotplugPorts: { schema: integer(0, MAX_HOTPLUG_PORTS), change: "setting" },
  serial: {
    schema: orUnknown(z.union([z.literal("pty"), serialFile], 'must be "pty" or { file: "/path" }')),
    change: "nextBoot",
  },
  agent: { schema: flag, change: "nextBoot" },
  balloon: { schema: flag, change: "nextBoot" },
  graphics: { schema: orUnknown(graphics), change: "graphics" },
  video: { schema: orUnknown(video), change: "nextBoot" },
  rng: { schema: orUnknown(rng), change: "nextBoot" },
  tpm: { schema: orUnknown(tpm), change: "nextBoot" },
  watchdog: { schema: orUnknown(watchdog), change: "nextBoot" },
  memoryBacking: { schema: orUnknown(memoryBacking), change: "nextBoot" },
  description: { schema: text("a description"), change: "definition" },
  running: { schema: flag, change: "live" },
  discardSavedState: { schema: flag, change: "setting" },
  autostart: { schema: flag, change: "live" },
  shutdownTimeout: { schema: integer(0, MAX_SHUTDOWN_TIMEOUT, "seconds"), change: "setting" },
  forceOff: { schema: flag, change: "setting" },
  adopt: { schema: flag, change: "creation" },
  onDelete: { schema: oneOf("delete", "keep"), change: "setting" },
  uri: { schema: text("a libvirt URI"), change: "setting" },
  xml: { schema: text("libvirt domain XML"), change: "nextBoot" },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;

export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

export function isField(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}
