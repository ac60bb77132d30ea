import pLimit, { type LimitFunction } from "p-limit";
import { DEFAULTS, type Defaults } from "./args/settings.ts";
import type { Configuration } from "./configuration.ts";
import { type Clock, Deadline, hostClock } from "./deadline.ts";
import { type EngineLog, engineLog } from "./engine/log.ts";
import { connect } from "./libvirt/connect.ts";
import type { DomainRef, Hypervisor } from "./libvirt/hypervisor.ts";
import { observeWithGuest } from "./observe/guest.ts";
import type { Observation } from "./observe/observe.ts";
import type { UpdatePlan } from "./plan/plan-update.ts";

/** A look may not hold a preview up: the time for a connection, and for the whole look. */
const LOOK_CONNECT_MS = 2_000;
const LOOK_MS = 5_000;

/** A connection for work: the first one to a host may go through ssh. */
const WORK_CONNECT_MS = 15_000;

/** What a look at a domain gave. */
export type LookupResult = { found: Observation } | { gone: true } | { failed: string };

/** What a session stands on; replaced in tests. */
export interface Dependencies {
  connect: typeof connect;
  log: EngineLog;
  environment: Record<string, string | undefined>;
  clock: Clock;
}

export function hostDependencies(): Dependencies {
  return { connect, log: engineLog(process.argv.at(-1)), environment: process.env, clock: hostClock };
}

/**
 * What one run of Pulumi shares over all its resources: connections, looks, the plans that were announced, and a
 * lock for each domain. Pulumi starts one provider process a run, so nothing in it has to be forgotten.
 */
export class Session {
  readonly log: EngineLog;
  readonly clock: Clock;
  configuration: Configuration = { defaults: DEFAULTS };
  /** The plan that diff showed, by domain: update carries out nothing graver. */
  readonly announced = new Map<string, UpdatePlan>();
  /** The sentence of a replace, by URN: the check that follows gets no old inputs to make it from. */
  readonly replacing = new Map<string, string>();
  /** The resources that the program has; those of a refresh go to diff without check. */
  readonly checked = new Set<string>();
  /** Which resource uses a domain name, by URI and name. */
  readonly names = new Map<string, string>();
  private readonly surroundings: Dependencies;
  private readonly connections = new Map<string, Promise<Hypervisor>>();
  private readonly unreachable = new Map<string, string>();
  private readonly looks = new Map<string, Promise<LookupResult>>();
  private readonly locks = new Map<string, LimitFunction>();

  constructor(surroundings: Dependencies) {
    this.surroundings = surroundings;
    this.log = surroundings.log;
    this.clock = surroundings.clock;
  }

  get defaults(): Defaults {
    return this.configuration.defaults;
  }

  /** Where a new domain goes: the argument, the stack's configuration, libvirt's own environment variable, its default. */
  resolveUri(argument: string | undefined): string {
    return (
      argument ??
      this.configuration.uri ??
      (this.surroundings.environment.LIBVIRT_DEFAULT_URI || undefined) ??
      "qemu:///system"
    );
  }

  /** One thing at a time for a domain; domains don't wait for each other. */
  locked<T>(uuid: string, work: () => Promise<T>): Promise<T> {
    const lock = this.locks.get(uuid) ?? pLimit(1);
    this.locks.set(uuid, lock);
    return lock(work);
  }

  /** The connection for work: shared by all domains of the URI, made anew after a failure. */
  hypervisor(uri: string): Promise<Hypervisor> {
    return this.connection(uri, WORK_CONNECT_MS);
  }

  /**
   * A short look at a domain, one for each domain and run. One failed connection to a URI is remembered for the
   * whole run, so that a preview of a fleet waits for a dead host once.
   */
  look(uri: string, uuid: string): Promise<LookupResult> {
    return this.remembered(uri, uuid, (hypervisor) => hypervisor.findByUuid(uuid));
  }

  /** The same, for a domain whose UUID isn't known yet. */
  lookByName(uri: string, name: string): Promise<LookupResult> {
    return this.remembered(uri, name, (hypervisor) => hypervisor.findByName(name));
  }

  private remembered(uri: string, domain: string, find: Find): Promise<LookupResult> {
    const key = `${uri} ${domain}`;
    const known = this.looks.get(key) ?? this.lookNow(uri, domain, find);
    this.looks.set(key, known);
    return known;
  }

  private async lookNow(uri: string, domain: string, find: Find): Promise<LookupResult> {
    const before = this.unreachable.get(uri);
    if (before !== undefined) return { failed: before };
    let hypervisor: Hypervisor;
    try {
      hypervisor = await this.connection(uri, LOOK_CONNECT_MS);
    } catch (error) {
      const reason = (error as Error).message;
      this.unreachable.set(uri, reason);
      return { failed: reason };
    }
    try {
      const late = `${uri} did not answer for domain ${domain} within ${LOOK_MS / 1000} s`;
      const look = see(hypervisor, find, this.clock);
      return await Deadline.inMs(LOOK_MS, this.clock).race(look, () => new Error(late));
    } catch (error) {
      return { failed: (error as Error).message };
    }
  }

  private connection(uri: string, connectTimeoutMs: number): Promise<Hypervisor> {
    const open = this.connections.get(uri);
    if (open !== undefined) return open;
    const made = this.surroundings.connect(uri, { connectTimeoutMs });
    this.connections.set(uri, made);
    made.catch(() => this.connections.delete(uri));
    return made;
  }
}

type Find = (hypervisor: Hypervisor) => Promise<DomainRef | undefined>;

async function see(hypervisor: Hypervisor, find: Find, clock: Clock): Promise<LookupResult> {
  const domain = await find(hypervisor);
  return domain === undefined ? { gone: true } : { found: await observeWithGuest(hypervisor, domain, clock) };
}
