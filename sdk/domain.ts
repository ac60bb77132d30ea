import * as pulumi from "@pulumi/pulumi";
import type { DomainArgs } from "./domain-args.ts";
import type { MemoryDeviceOutput, ReachableSizes } from "./domain-outputs.ts";

/** The resource's type in every state: a contract for ever. */
const TYPE = "pulumi-nodejs:dynamic/libvirt:Domain";

/**
 * The code that Pulumi keeps in the state and evaluates in the program's directory. It names the package and holds
 * nothing of it, so that an upgrade shows no difference and deletes with its own code: a contract for ever, too.
 */
const PROVIDER = 'exports.handler = () => require("pulumi-libvirt-hotplug/provider").provider';

/** What is secret when a size or the XML is. */
const DERIVED_OUTPUTS = [
  "liveMemory",
  "nextBootMemory",
  "pendingMemory",
  "memoryDevices",
  "reachable",
  "guestMemory",
  "__observed",
  "__drift",
  "__guest",
  "__detaching",
] as const;

/**
 * A libvirt virtual machine whose memory grows while it runs: edit `memory`, read in the preview whether the change
 * is live and why, and `pulumi up` plugs the DIMM into the running guest.
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
  /** What the program asks for, in canonical form: «1259MiB». */
  declare readonly memory: pulumi.Output<string>;
  /** The ceiling that the program asks for, or that was chosen at creation. */
  declare readonly maxMemory: pulumi.Output<string>;
  /** The slots that the program asks for, or that were chosen at creation. */
  declare readonly memorySlots: pulumi.Output<number>;
  /** libvirt's word on the domain: running, paused, shutoff, … */
  declare readonly state: pulumi.Output<string>;
  /** The latest change of memory, in words: how it is done, and why. */
  declare readonly memoryPlan: pulumi.Output<string>;
  /** The memory of the running domain; undefined when it is off. */
  declare readonly liveMemory: pulumi.Output<string | undefined>;
  /** The memory that the next boot has; undefined for a transient domain. */
  declare readonly nextBootMemory: pulumi.Output<string | undefined>;
  /** The memory that waits for the next boot; undefined when none does. */
  declare readonly pendingMemory: pulumi.Output<string | undefined>;
  /** The memory devices of the running domain. */
  declare readonly memoryDevices: pulumi.Output<MemoryDeviceOutput[]>;
  /** The sizes that are live from here: larger ones first, then the smaller ones where `hotplug.allowUnplug` is true; empty when none is. */
  declare readonly reachable: pulumi.Output<ReachableSizes[]>;
  /**
   * What the guest said that it has, after the last change of `memory` that was plugged into it or of `currentMemory`;
   * undefined before the first one, and where it wasn't or couldn't be asked. By the agent its online memory blocks, at
   * most `liveMemory`; by the balloon what the guest's kernel has to give (MemTotal): somewhat less.
   */
  declare readonly guestMemory: pulumi.Output<string | undefined>;
  /** Who said so. */
  declare readonly guestMemoryFrom: pulumi.Output<"agent" | "balloon" | undefined>;
  /** The libvirt URI as resolved. */
  declare readonly uri: pulumi.Output<string>;

  constructor(name: string, args: DomainArgs, opts: pulumi.CustomResourceOptions = {}) {
    const secretOutputs = [...(opts.additionalSecretOutputs ?? [])];
    super(
      TYPE,
      name,
      {
        uuid: undefined,
        state: undefined,
        liveMemory: undefined,
        nextBootMemory: undefined,
        pendingMemory: undefined,
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
        memoryPlan: nothing(args.memory, args.maxMemory, args.currentMemory),
        __provider: PROVIDER,
        __urn: pulumi.createUrn(name, TYPE, opts.parent),
        __secret: marksSecrets([args.memory, args.maxMemory, args.currentMemory, args.xml], secretOutputs),
      },
      { ...opts, additionalSecretOutputs: secretOutputs },
    );
  }
}

/** No value, as secret and as unknown as others. */
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
