import pLimit, { type LimitFunction } from "p-limit";
import { DEFAULTS, type Defaults } from "./args/settings.ts";
import type { Configuration } from "./configuration.ts";
import { type Clock, Deadline, hostClock } from "./deadline.ts";
import { type EngineLog, engineLog } from "./engine/log.ts";
import { connect } from "./libvirt/connect.ts";
import type { DomainRef, Hypervisor } from "./libvirt/hypervisor.ts";
import { messageOf } from "./message-of.ts";
import { observeWithGuest } from "./observe/guest.ts";
import type { Observation } from "./observe/observe.ts";
import { RunNotes } from "./run-notes.ts";
import { maskedLog } from "./secret-operation.ts";
import { hookEnvironment } from "./update/hook-environment.ts";

/** Time limits of a look, so that it doesn't delay a preview: for the connection, and for the whole look. */
const LOOK_CONNECT_MS = 2_000;
const LOOK_MS = 5_000;

/** Time limit of a connection for work: the first one to a host may go through ssh. */
const WORK_CONNECT_MS = 15_000;

/** The result of a look at a domain. */
export type LookupResult =
  | { kind: "found"; observation: Observation }
  | { kind: "gone" }
  /** The domain couldn't be observed: no connection, or no answer in time. */
  | { kind: "failed"; reason: string };

/** The dependencies of a session. Tests replace them. */
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
 * What one run of Pulumi shares over all its resources: connections, looks, a lock for each domain, and the notes that its
 * operations pass on. Pulumi starts one provider process for each run, so nothing here expires.
 */
export class Session {
  readonly log: EngineLog;
  readonly clock: Clock;
  configuration: Configuration = { defaults: DEFAULTS };
  readonly run = new RunNotes();
  private readonly dependencies: Dependencies;
  private readonly connections = new Map<string, Promise<Hypervisor>>();
  private readonly unreachable = new Map<string, string>();
  private readonly looks = new Map<string, Promise<LookupResult>>();
  private readonly locks = new Map<string, LimitFunction>();

  constructor(dependencies: Dependencies) {
    this.dependencies = dependencies;
    this.log = maskedLog(dependencies.log);
    this.clock = dependencies.clock;
  }

  /** What hooks of this stack inherit of the environment. */
  get hookEnvironment(): Record<string, string | undefined> {
    return hookEnvironment(this.dependencies.environment, this.configuration.hookVariables ?? []);
  }

  get defaults(): Defaults {
    return this.configuration.defaults;
  }

  /** The URI for a new domain: the argument, else the stack's configuration, else libvirt's environment variable or default. */
  resolveUri(argument: string | undefined): string {
    return (
      argument ??
      this.configuration.uri ??
      (this.dependencies.environment.LIBVIRT_DEFAULT_URI || undefined) ??
      "qemu:///system"
    );
  }

  /** Runs work on a domain after all earlier work on it. Domains don't wait for each other. */
  locked<T>(uuid: string, work: () => Promise<T>): Promise<T> {
    const lock = this.locks.get(uuid) ?? pLimit(1);
    this.locks.set(uuid, lock);
    return lock(work);
  }

  /** The connection for work: shared by all domains of the URI, and opened again after a failure. */
  hypervisor(uri: string): Promise<Hypervisor> {
    return this.connection(uri, WORK_CONNECT_MS);
  }

  /**
   * A short look at a domain, once for each domain and run. A failed connection to a URI is remembered for the whole run, so
   * that a preview of many domains waits only once for a host that is down.
   */
  look(uri: string, uuid: string): Promise<LookupResult> {
    return this.remembered(uri, uuid, (hypervisor) => hypervisor.findByUuid(uuid));
  }

  /** The same for a domain whose UUID isn't known yet. */
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
    const earlier = this.unreachable.get(uri);
    if (earlier !== undefined) return { kind: "failed", reason: earlier };
    let hypervisor: Hypervisor;
    try {
      hypervisor = await this.connection(uri, LOOK_CONNECT_MS);
    } catch (error) {
      const reason = messageOf(error);
      this.unreachable.set(uri, reason);
      return { kind: "failed", reason };
    }
    try {
      const late = `${uri} did not answer for domain ${domain} within ${LOOK_MS / 1000} s`;
      const look = lookAt(hypervisor, find, this.clock);
      return await Deadline.inMs(LOOK_MS, this.clock).race(look, () => new Error(late));
    } catch (error) {
      return { kind: "failed", reason: messageOf(error) };
    }
  }

  private connection(uri: string, connectTimeoutMs: number): Promise<Hypervisor> {
    const open = this.connections.get(uri);
    if (open !== undefined) return open;
    const made = this.dependencies.connect(uri, { connectTimeoutMs }, this.dependencies.clock);
    this.connections.set(uri, made);
    made.catch(() => this.connections.delete(uri));
    return made;
  }
}

type Find = (hypervisor: Hypervisor) => Promise<DomainRef | undefined>;

async function lookAt(hypervisor: Hypervisor, find: Find, clock: Clock): Promise<LookupResult> {
  const domain = await find(hypervisor);
  if (domain === undefined) return { kind: "gone" };
  return { kind: "found", observation: await observeWithGuest(hypervisor, domain, clock) };
}
