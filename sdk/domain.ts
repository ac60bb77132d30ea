import * as pulumi from "@pulumi/pulumi";
import type { DomainArgs } from "./domain-args.ts";
import type { ChangeOutcome, MemoryDeviceOutput, ReachableSizes } from "./domain-outputs.ts";
import { hostsWith } from "./hosts.ts";

/** The resource's type in every state. It must never change. */
const TYPE = "pulumi-nodejs:dynamic/libvirt:Domain";

/**
 * The code that Pulumi keeps in the state and evaluates in the program's directory. It names the package and contains none of
 * its code, so that an upgrade of the package shows no difference, and the installed version deletes a resource. It must never
 * change either.
 */
const PROVIDER = 'exports.handler = () => require("pulumi-libvirt-hotplug/provider").provider';

/** The outputs that are secret when a size or the XML is. */
const DERIVED_OUTPUTS = [
  "liveMemory",
  "nextBootMemory",
  "pendingMemory",
  "savedMemory",
  "memoryDevices",
  "reachable",
  "guestMemory",
  "__observed",
  "__drift",
  "__guest",
  "__detaching",
] as const;

/**
 * A libvirt virtual machine whose memory grows while it runs. Change `memory`: the preview shows whether the change is live
 * and why, and `pulumi up` plugs the memory into the running guest.
 *
 * @example
 * const web = new Domain("web-1", { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2, disks: [{ file: "/var/lib/libvirt/images/web-1.qcow2" }] });
 * export const plan = web.memoryPlan;
 */
export class Domain extends pulumi.CustomResource {
  /** The domain's name on its host. */
  declare readonly name: pulumi.Output<string>;
  /** The domain's UUID, made from the resource's URN; also the resource's id. */
  declare readonly uuid: pulumi.Output<string>;
  /** The argument `memory` in canonical form, such as `1259MiB`. */
  declare readonly memory: pulumi.Output<string>;
  /** The argument `maxMemory`, or the value that was chosen at creation. */
  declare readonly maxMemory: pulumi.Output<string>;
  /** The argument `memorySlots`, or the value that was chosen at creation. */
  declare readonly memorySlots: pulumi.Output<number>;
  /** The domain's state as libvirt names it: `running`, `paused`, `shutoff`, … */
  declare readonly state: pulumi.Output<string>;
  /**
   * Why the guest of a domain doesn't run, in the words of `virsh domstate --reason`: `user`, `I/O error`, `watchdog`,
   * `crashed`, …; `asleep` if the guest is suspended to memory (S3); `saved` for a domain that is off and has a saved state
   * (`virsh managedsave`). Else undefined.
   */
  declare readonly stateReason: pulumi.Output<string | undefined>;
  /** The latest change of memory in one line: its outcome, and what decided it. */
  declare readonly memoryPlan: pulumi.Output<string>;
  /**
   * What this run does to the domain, for policies and CI: in a preview, and in the resource's inputs, which policies check,
   * it is the outcome of the plan. A new domain has `none`, since no existing domain is affected. After `up` the state has
   * `none`, since nothing is left to do. A difference in it never causes an update.
   */
  declare readonly change: pulumi.Output<ChangeOutcome>;
  /** The same as `change`, but only for the domain's memory. */
  declare readonly memoryChange: pulumi.Output<ChangeOutcome>;
  /** The memory of the running domain; undefined if it is off. */
  declare readonly liveMemory: pulumi.Output<string | undefined>;
  /** The memory in the domain's definition, which the next boot uses; undefined for a transient domain. */
  declare readonly nextBootMemory: pulumi.Output<string | undefined>;
  /** The size that takes effect at the next boot; undefined if the running domain has the size of its definition. */
  declare readonly pendingMemory: pulumi.Output<string | undefined>;
  /** The memory that a start restores from the domain's saved state (`virsh managedsave`); undefined if it has none. */
  declare readonly savedMemory: pulumi.Output<string | undefined>;
  /** The memory devices of the running domain. */
  declare readonly memoryDevices: pulumi.Output<MemoryDeviceOutput[]>;
  /**
   * The sizes that a change of `memory` can reach without a restart: larger ones first, then smaller ones if
   * `hotplug.allowUnplug` is true. Empty if there are none.
   */
  declare readonly reachable: pulumi.Output<ReachableSizes[]>;
  /**
   * The memory that the guest reported after the last live change of `memory` or `currentMemory`; undefined before the first
   * one, and if the guest wasn't or couldn't be asked. Reported by the agent: its online memory blocks, at most `liveMemory`.
   * Reported by the balloon: the kernel's MemTotal, which is somewhat less.
   */
  declare readonly guestMemory: pulumi.Output<string | undefined>;
  /** What reported `guestMemory`. */
  declare readonly guestMemoryFrom: pulumi.Output<"agent" | "balloon" | undefined>;
  /** The libvirt URI that is used: the argument, or the default that applied at creation. */
  declare readonly uri: pulumi.Output<string>;

  constructor(name: string, args: DomainArgs, opts: pulumi.CustomResourceOptions = {}) {
    refuseTakeOver(opts);
    const secretOutputs = [...(opts.additionalSecretOutputs ?? [])];
    const sizes = [args.memory, args.maxMemory, args.currentMemory];
    super(
      TYPE,
      name,
      {
        uuid: undefined,
        state: undefined,
        stateReason: undefined,
        liveMemory: undefined,
        nextBootMemory: undefined,
        pendingMemory: undefined,
        savedMemory: undefined,
        memoryDevices: undefined,
        reachable: undefined,
        guestMemory: undefined,
        guestMemoryFrom: undefined,
        uri: undefined,
        name: undefined,
        memorySlots: undefined,
        ...args,
        // A size that is secret makes what is derived from it secret: Pulumi marks an output by its input's name.
        maxMemory: args.maxMemory ?? nothing(args.memory),
        memoryPlan: nothing(...sizes),
        change: nothing(...sizes),
        memoryChange: nothing(...sizes),
        __provider: PROVIDER,
        __urn: pulumi.createUrn(name, TYPE, opts.parent),
        __hosts: hostsWith(args.uri),
        __secret: marksSecrets([...sizes, args.xml], secretOutputs),
      },
      { ...opts, additionalSecretOutputs: secretOutputs },
    );
  }
}

/** @throws RunError for resource options with which Pulumi reads a resource before this provider has a state of it */
function refuseTakeOver(opts: pulumi.CustomResourceOptions): void {
  const option = opts.import !== undefined ? "import" : opts.id !== undefined ? "id" : undefined;
  if (option === undefined) return;
  throw new pulumi.RunError(
    `Domain doesn't support the resource option ${option}; to take over an existing domain, set the argument adopt: true and name to the domain's name`,
  );
}

/** No value, which is secret or unknown if one of the given values is. */
function nothing(...like: pulumi.Input<unknown>[]): pulumi.Input<undefined> {
  const outputs = like.filter((value) => pulumi.Output.isInstance(value));
  return outputs.length > 0 ? pulumi.all(outputs).apply(() => undefined) : undefined;
}

/**
 * Finds out whether one of the values is secret, which Pulumi knows only once they are resolved; the list is filled
 * before the resource is registered, since the registration waits for this input.
 */
function marksSecrets(
  values: pulumi.Input<unknown>[],
  secretOutputs: string[],
): pulumi.Input<true | undefined> {
  const outputs = values.filter((value) => pulumi.Output.isInstance(value));
  if (outputs.length === 0) return undefined;
  return Promise.all(outputs.map((output) => pulumi.isSecret(output))).then((secret) => {
    if (!secret.includes(true)) return undefined;
    secretOutputs.push(...DERIVED_OUTPUTS);
    return true;
  });
}
