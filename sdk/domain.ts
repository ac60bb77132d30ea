import * as pulumi from "@pulumi/pulumi";
import type { DomainArgs } from "./domain-args.ts";
import type {
  AddressOutput,
  ChangeOutcome,
  MemoryDeviceOutput,
  ReachableSizes,
  ReachableVcpus,
} from "./domain-outputs.ts";
import { DYNAMIC_PROVIDER, DYNAMIC_TYPE, PLUGIN_TYPE } from "./dynamic-type.ts";
import { hostsWith, isDefaultUriSecret } from "./hosts.ts";
import { affectsSizes, argumentOf, derivedOutputs } from "./secret-arguments.ts";
import { secretPaths, withSecretPasswords } from "./secrets.ts";

/**
 * A libvirt virtual machine that grows while it runs. Change `memory`, `vcpus`, `disks` or `interfaces`: the preview shows
 * whether the change is live and why, and `pulumi up` applies it to the running guest.
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
  /** The argument `maxVcpus`, or the value that was chosen at creation; undefined for a domain of an earlier version. */
  declare readonly maxVcpus: pulumi.Output<number | undefined>;
  /** The domain's state as libvirt names it: `running`, `paused`, `shutoff`, … */
  declare readonly state: pulumi.Output<string>;
  /**
   * Why the guest of a domain doesn't run, in the words of `virsh domstate --reason`: `user`, `I/O error`, `watchdog`,
   * `crashed`, …; `asleep` if the guest is suspended to memory (S3); `saved` for a domain that is off and has a saved state
   * (`virsh managedsave`). Otherwise undefined.
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
  /** The memory slots of the running domain, which are fixed when it is started; undefined if they are those of `memorySlots`. */
  declare readonly liveMemorySlots: pulumi.Output<number | undefined>;
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
  /**
   * The addresses of the interfaces with `waitForAddress`, or of all of them with `reportAddresses`; undefined without either. In
   * the order of the domain's interfaces, and IPv4 addresses first. Empty if the domain is off. A guest's addresses may change by
   * themselves: a refresh records them, which isn't a difference from the program.
   */
  declare readonly addresses: pulumi.Output<AddressOutput[] | undefined>;
  /**
   * The numbers that a change of `vcpus` can reach without a restart: larger ones first, then smaller ones if
   * `hotplug.allowUnplug` is true. Undefined if there are none.
   */
  declare readonly reachableVcpus: pulumi.Output<ReachableVcpus[] | undefined>;
  /**
   * The vCPUs that the guest used after their last live change, as its agent reported; undefined before the first one, and if it
   * couldn't be asked.
   */
  declare readonly guestVcpus: pulumi.Output<number | undefined>;
  /** The libvirt URI that is used: the argument, or the default that applied at creation. */
  declare readonly uri: pulumi.Output<string>;

  constructor(name: string, given: DomainArgs, opts: pulumi.CustomResourceOptions = {}) {
    refuseTakeOver(opts);
    refuseCreateFirst(opts);
    const args = withSecretPasswords(given);
    const secretOutputs = [...(opts.additionalSecretOutputs ?? [])];
    if (args.uri === undefined && isDefaultUriSecret()) secretOutputs.push("uri");
    const secrets = secretPaths(args);
    const sizes = [args.memory, args.maxMemory, args.currentMemory, args.numa];
    // A size that is secret makes what is derived from it secret: Pulumi marks an output by its input's name.
    const followsFrom = (names: readonly string[], unknownWith: unknown[] = []) =>
      nothing(secrets, (path) => names.includes(argumentOf(path)), unknownWith);
    const ofSizes = nothing(secrets, affectsSizes, sizes);
    super(
      DYNAMIC_TYPE,
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
        liveMemorySlots: undefined,
        reachable: undefined,
        guestMemory: undefined,
        guestMemoryFrom: undefined,
        addresses: undefined,
        reachableVcpus: undefined,
        guestVcpus: undefined,
        uri: undefined,
        name: undefined,
        ...args,
        memory: args.memory ?? followsFrom(["numa"]),
        maxMemory: args.maxMemory ?? followsFrom(["memory", "numa", "xml"], [args.memory, args.numa]),
        memorySlots: args.memorySlots ?? followsFrom(["xml"]),
        maxVcpus: args.maxVcpus ?? followsFrom(["vcpus", "numa", "cpuTopology", "xml"]),
        memoryPlan: ofSizes,
        change: ofSizes,
        memoryChange: ofSizes,
        __provider: DYNAMIC_PROVIDER,
        __urn: urnOf(name, opts.parent),
        __hosts: hostsWith(args.uri),
        ...marks(secrets, args, secretOutputs),
      },
      {
        ...opts,
        // With this alias a stack moves back from the plugin; the plugin's schema has the one for the other direction.
        aliases: [...(opts.aliases ?? []), { type: PLUGIN_TYPE }],
        // The new domain has the old one's UUID. For --replace and --target-replace the engine doesn't ask the provider for this.
        deleteBeforeReplace: true,
        additionalSecretOutputs: secretOutputs,
      },
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

/** @throws RunError for an order of a replace in which the new domain would have the UUID of one that still exists */
function refuseCreateFirst({ deleteBeforeReplace }: pulumi.CustomResourceOptions): void {
  if (deleteBeforeReplace !== false) return;
  throw new pulumi.RunError(
    "Domain doesn't support the resource option deleteBeforeReplace: false, since the new domain has the UUID of the old one; remove the option",
  );
}

/** Without a parent, as most domains are made, the URN is known at once: no output has to be made and waited for. */
function urnOf(name: string, parent: pulumi.Resource | undefined): pulumi.Input<string> {
  if (parent !== undefined) return pulumi.createUrn(name, DYNAMIC_TYPE, parent);
  return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${DYNAMIC_TYPE}::${name}`;
}

/**
 * The inputs that say which arguments are secret; none where none can be: each input takes Pulumi's SDK time. `secretOutputs`: the
 * registration waits for these inputs, so that this list is complete by then.
 */
function marks(secrets: Promise<string[]> | undefined, args: object, secretOutputs: string[]): pulumi.Inputs {
  if (secrets === undefined) {
    // What a program without types sets in their place.
    const set = ["__secret", "__secrets"].filter((mark) => mark in args);
    return Object.fromEntries(set.map((mark) => [mark, undefined]));
  }
  return {
    __secrets: secrets.then((paths) => {
      secretOutputs.push(...derivedOutputs(paths));
      return paths.length > 0 ? paths : undefined;
    }),
    __secret: secrets.then((paths) => paths.some(affectsSizes) || undefined),
  };
}

/**
 * No value, which is secret if one of the secret arguments passes the test, and unknown if one of the given values is.
 */
function nothing(
  secrets: Promise<string[]> | undefined,
  test: (path: string) => boolean,
  unknownWith: unknown[],
): pulumi.Input<undefined> {
  if (secrets === undefined) return undefined;
  const marked = pulumi
    .output(secrets.then((paths) => paths.some(test)))
    .apply((isSecret) => (isSecret ? pulumi.secret(undefined) : undefined));
  return pulumi.all([marked, pulumi.unsecret(pulumi.output(unknownWith))]).apply(() => undefined);
}
