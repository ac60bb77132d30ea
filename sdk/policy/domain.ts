import { DEFAULT_VCPUS } from "../../provider/args/max-vcpus.ts";
import { containsUnknown, UNKNOWN } from "../../provider/args/unknown.ts";
import { withoutPassword } from "../../provider/libvirt/uri-password.ts";
import { slotsIn } from "../../provider/plan/dimms/slots.ts";
import type { Kib } from "../../provider/units/kib.ts";
import { sizeIn } from "../../provider/units/size.ts";
import type { ChangeOutcome } from "../domain-outputs.ts";
import { DYNAMIC_TYPE, PLUGIN_TYPE } from "../dynamic-type.ts";
import { type Figure, Properties } from "./properties.ts";

/** What @pulumi/policy says about a resource, in `validateResource` and in `validateStack`. */
export interface Resource {
  type: string;
  name: string;
  urn: string;
  props: Record<string, unknown>;
  provider?: { props: Record<string, unknown> };
}

/** Sizes or numbers that work live: from `from` to `to`, in steps of `step`. */
export interface LiveRange {
  from: number;
  to: number;
  step: number;
}

const OUTCOMES: readonly string[] = [
  "none",
  "live",
  "nextBoot",
  "restart",
  "replace",
  "refuse",
  "unknown",
] satisfies ChangeOutcome[];

/** The arguments that Pulumi may only know during `pulumi up`, and that decide what happens to the memory or the vCPUs. */
const DECISIVE = ["memory", "maxMemory", "memorySlots", "vcpus", "maxVcpus", "numa", "hotplug", "uri"];

export function isDomain({ type }: { type: string }): boolean {
  return type === DYNAMIC_TYPE || type === PLUGIN_TYPE;
}

/** A Domain of either type, as a policy sees it. */
export class PolicyDomain {
  /** The resource's name. */
  readonly name: string;
  readonly urn: string;
  readonly isDynamic: boolean;
  readonly #properties: Properties;
  readonly #provider: Properties;

  constructor({ type, name, urn, props, provider }: Resource) {
    this.name = name;
    this.urn = urn;
    this.isDynamic = type === DYNAMIC_TYPE;
    this.#properties = new Properties(props);
    this.#provider = new Properties(provider?.props ?? {});
  }

  /** Pulumi knows nothing of it: it is neither a target of this run nor in the stack yet. */
  get isAbsent(): boolean {
    return this.#properties.isEmpty;
  }

  get showsSecrets(): boolean {
    return this.#properties.showsSecrets;
  }

  /** The domain in messages: `web-1`, or `web-1 (domain "web")` if its name isn't the resource's. */
  get title(): string {
    const name = this.text("name");
    return name.kind === "known" && name.value !== this.name
      ? `${this.name} (domain "${name.value}")`
      : this.name;
  }

  /** An outcome isn't a secret, even of a secret size: Pulumi and the provider show it for each resource. */
  outcome(name: "change" | "memoryChange"): ChangeOutcome | undefined {
    const value = this.#properties.value(name);
    if (value === UNKNOWN) return "unknown";
    return typeof value === "string" && OUTCOMES.includes(value) ? (value as ChangeOutcome) : undefined;
  }

  size(name: string): Figure<Kib> {
    return this.#properties.figure(name, sizeIn);
  }

  number(name: string): Figure<number> {
    return this.#properties.figure(name, (value) => (typeof value === "number" ? value : undefined));
  }

  /** The argument, or else 1, unless the program's XML or a domain that wasn't created by the provider decides. */
  get vcpus(): Figure<number> {
    const given = this.number("vcpus");
    const decidedElsewhere = ["xml", "adopt"].some((name) => this.#properties.value(name) !== undefined);
    return given.kind === "absent" && !decidedElsewhere ? { kind: "known", value: DEFAULT_VCPUS } : given;
  }

  text(name: string): Figure<string> {
    return this.#properties.figure(name, (value) => (typeof value === "string" ? value : undefined));
  }

  flag(name: string): Figure<boolean> {
    return this.#properties.figure(name, (value) => (typeof value === "boolean" ? value : undefined));
  }

  /** The sizes that work live, as the planner found them. */
  get reachable(): Figure<LiveRange[]> {
    return this.#resulting("reachable", "memory", (value) => rangesIn(value, sizeIn));
  }

  /** The numbers of vCPUs that work live, as the planner found them. */
  get reachableVcpus(): Figure<LiveRange[]> {
    return this.#resulting("reachableVcpus", "vcpus", (value) =>
      rangesIn(value, (count) => (typeof count === "number" ? count : undefined)),
    );
  }

  /**
   * A preview of the dynamic class, whose outputs Pulumi takes from the inputs, has nothing that is read back. Its check adds what it
   * foresees.
   */
  get lacksOutputs(): boolean {
    return this.#properties.value("state") === undefined && this.#properties.value("headroom") === undefined;
  }

  /** It is off after the change: then a later change takes effect without a restart, in the definition. */
  get isOff(): boolean {
    const state = this.text("state");
    if (state.kind !== "absent") return state.kind === "known" && state.value === "shutoff";
    return Reflect.get(Object(this.#properties.value("headroom")), "running") === false;
  }

  /** The slots that are free after the change, and those that the domain then has. */
  get slots(): Figure<{ free: number; total: number }> {
    const memorySlots = this.number("memorySlots");
    if (memorySlots.kind !== "known") return memorySlots;
    // Only a domain that has other slots than its argument has them.
    const live = this.#resulting("liveMemorySlots", "liveMemorySlots", (value = memorySlots.value) =>
      typeof value === "number" ? value : undefined,
    );
    if (live.kind === "unknown" || live.kind === "secret") return live;
    const total = live.kind === "known" ? live.value : memorySlots.value;
    return this.#resulting("memoryDevices", "slots", (value) =>
      typeof value === "number"
        ? { free: value, total }
        : slotsIn({ memoryDevices: value, memorySlots: total }),
    );
  }

  /** An output, or else what the check of the dynamic class foresees of it. */
  #resulting<T>(output: string, foreseen: string, read: (value: unknown) => T | undefined): Figure<T> {
    const found = this.#properties.figure(output, read);
    if (found.kind !== "absent" || this.#properties.value("headroom") === undefined) return found;
    return this.#properties.figure("headroom", (headroom) => read(Reflect.get(Object(headroom), foreseen)));
  }

  /** The libvirt URI: the argument's, else that of the provider's configuration; absent for libvirt's default. */
  get uri(): Figure<string> {
    const own = this.text("uri");
    if (own.kind !== "absent") return own;
    for (const key of ["uri", "libvirt-hotplug:uri", "libvirt:uri"]) {
      const found = this.#provider.figure(key, (value) => (typeof value === "string" ? value : undefined));
      if (found.kind !== "absent") return found;
    }
    return { kind: "absent" };
  }

  /** The arguments that are only known during `pulumi up` and decide what happens. */
  get unknownArguments(): string[] {
    return DECISIVE.filter((name) => containsUnknown(this.#properties.value(name)));
  }

  /** The headline of the plan, to quote; undefined where it follows from a secret. */
  get memoryPlan(): string | undefined {
    const plan = this.text("memoryPlan");
    return plan.kind === "known" ? plan.value : undefined;
  }
}

/** A URI as messages show it. */
export function shownUri(uri: string): string {
  return withoutPassword(uri);
}

function rangesIn(value: unknown, read: (figure: unknown) => number | undefined): LiveRange[] | undefined {
  if (!Array.isArray(value) || containsUnknown(value)) return undefined;
  const ranges = value.map((range: unknown) => {
    if (typeof range !== "object" || range === null) return undefined;
    const [from, to, step] = ["from", "to", "step"].map((key) => read(Reflect.get(range, key)));
    return from === undefined || to === undefined || step === undefined ? undefined : { from, to, step };
  });
  const known = ranges.filter((range) => range !== undefined);
  return known.length < ranges.length ? undefined : known;
}

/** Whether the planner found this size or number to work live. */
export function isWithinRanges(ranges: readonly LiveRange[], value: number): boolean {
  return ranges.some(({ from, to, step }) => value >= from && value <= to && (value - from) % step === 0);
}
