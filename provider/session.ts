import pLimit, { type LimitFunction } from "p-limit";
import { DEFAULTS, type Defaults } from "./args/settings.ts";
import type { Configuration } from "./configuration.ts";
import { Connections } from "./connections.ts";
import {
  type Clock,
  Deadline,
  hostClock,
  interruptible,
  limited,
  type Patience,
  unlessAborted,
} from "./deadline.ts";
import { type EngineLog, engineLog, withoutRepeats } from "./engine/log.ts";
import { Cancelled } from "./errors.ts";
import { endsQuestions } from "./guest/cancelled-questions.ts";
import { connect } from "./libvirt/connect.ts";
import { defaultUri } from "./libvirt/default-uri.ts";
import { ConnectionError } from "./libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "./libvirt/hypervisor.ts";
import { formatMs } from "./libvirt/timing.ts";
import { messageOf } from "./message-of.ts";
import { observeWithGuest } from "./observe/guest.ts";
import type { Asked, Observation } from "./observe/observe.ts";
import { RunNotes } from "./run-notes.ts";
import { maskedLog } from "./secret-operation.ts";
import { hookEnvironment } from "./update/hook-environment.ts";

/** The least time that a domain gets to answer a look, after the connection: its guest's agent alone has 2 s. */
const LOOK_MS = 5_000;

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
  /** Aborted when the user cancels the run. The host of dynamic providers doesn't pass that on. */
  signal?: AbortSignal;
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
  /** Aborted when the user cancels the run; its reason is a Cancelled. */
  readonly signal: AbortSignal;
  /** The clock of all waits: they end when the run is cancelled. */
  readonly clock: Clock;
  /** For a wait that a cancelled run must not leave: a guest that is shutting down is to be started again. */
  readonly steadyClock: Clock;
  readonly run = new RunNotes();
  private readonly dependencies: Dependencies;
  private readonly connections: Connections;
  private configured: Configuration = { defaults: DEFAULTS };
  private readonly looks = new Map<string, Promise<LookupResult>>();
  private readonly limitSeconds: number | undefined;
  private readonly locks = new Map<string, LimitFunction>();

  constructor(dependencies: Dependencies) {
    this.dependencies = dependencies;
    this.log = withoutRepeats(maskedLog(dependencies.log));
    this.signal = cancellation(dependencies.signal);
    this.steadyClock = dependencies.clock;
    this.clock = dependencies.signal ? interruptible(dependencies.clock, this.signal) : dependencies.clock;
    this.connections = new Connections(dependencies.connect, dependencies.clock);
  }

  get configuration(): Configuration {
    return this.configured;
  }

  set configuration(configuration: Configuration) {
    this.configured = configuration;
    const { lookTimeout, allowPlainTcp = false } = configuration;
    this.connections.lookTimeoutMs = lookTimeout === undefined ? undefined : 1000 * lookTimeout;
    this.connections.allowPlainTcp = allowPlainTcp;
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
    return argument ?? this.configuration.uri ?? defaultUri(this.dependencies.environment);
  }

  /** The URI of a resource's domain: the argument; in a replace that of the old domain; else the one for new domains. */
  uriFor({ uri, __urn: urn = "" }: { uri?: string | undefined; __urn?: string | undefined }): string {
    return uri ?? this.run.of(urn).uri ?? this.resolveUri(undefined);
  }

  /** Runs work on a domain after all earlier work on it. Domains don't wait for each other. */
  locked<T>(uuid: string, work: () => Promise<T>): Promise<T> {
    const lock = this.locks.get(uuid) ?? pLimit(1);
    this.locks.set(uuid, lock);
    return lock(work);
  }

  /** This session for one operation, whose waits all end with a time limit: Pulumi's customTimeouts. 0: without one. */
  limitedTo(seconds: number): Session {
    if (seconds <= 0) return this;
    const clocks = {
      clock: limited(this.clock, 1000 * seconds),
      steadyClock: limited(this.steadyClock, 1000 * seconds),
    };
    return Object.assign(Object.create(Session.prototype), this, clocks, { limitSeconds: seconds });
  }

  /**
   * How long to wait for something.
   *
   * @param setting what sets the time, for messages
   */
  patience(seconds: number, setting?: string, clock = this.clock): Patience {
    const deadline = Deadline.inSeconds(seconds, clock);
    const isLimited = clock.until !== undefined && clock.until < clock.now() + 1000 * seconds;
    if (isLimited) return { deadline, text: `${this.limitSeconds} s (customTimeouts)` };
    return { deadline, text: `${seconds} s${setting === undefined ? "" : ` (${setting})`}` };
  }

  /** The connection for work: shared by all domains of the URI, and opened again after a failure. */
  async hypervisor(uri: string): Promise<Hypervisor> {
    const connection = unlessAborted(this.connections.forWork(uri), this.signal);
    const hypervisor =
      this.limitSeconds === undefined
        ? await connection
        : await Deadline.inSeconds(this.limitSeconds, this.steadyClock).race(connection, () => {
            return new ConnectionError(
              `no connection to ${uri} within ${this.limitSeconds} s (customTimeouts)`,
            );
          });
    return this.dependencies.signal ? endsQuestions(hypervisor, this.signal) : hypervisor;
  }

  /** Announces the URIs that the program uses, so that hosts which are down are waited for at the same time. */
  announceHosts(uris: (string | undefined)[]): void {
    this.connections.announce(uris.map((uri) => this.resolveUri(uri)));
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
    return this.remembered(uri, name, (hypervisor) => hypervisor.findByName(name), { autostart: true });
  }

  private remembered(uri: string, domain: string, find: Find, asked: Asked = {}): Promise<LookupResult> {
    const key = `${uri} ${domain}`;
    const known = this.looks.get(key) ?? this.lookNow(uri, domain, find, asked);
    this.looks.set(key, known);
    return known;
  }

  /** What a host answers to a preview's question; undefined if it can't be reached or doesn't answer in time. */
  async ask<T>(uri: string, question: (hypervisor: Hypervisor) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.withinPatience(uri, `${uri} did not answer`, question);
    } catch (error) {
      if (error instanceof Cancelled) throw error;
      return undefined;
    }
  }

  private async lookNow(uri: string, domain: string, find: Find, asked: Asked): Promise<LookupResult> {
    try {
      const name = `${uri} did not answer for domain ${domain}`;
      return await this.withinPatience(uri, name, (hypervisor) =>
        lookAt(hypervisor, find, this.clock, asked),
      );
    } catch (error) {
      if (error instanceof Cancelled) throw error;
      return { kind: "failed", reason: messageOf(error) };
    }
  }

  /** @param late the message if the time is up, without the time */
  private async withinPatience<T>(
    uri: string,
    late: string,
    work: (hypervisor: Hypervisor) => Promise<T>,
  ): Promise<T> {
    const hypervisor = await unlessAborted(this.connections.forLook(uri), this.signal);
    const limit = Math.max(LOOK_MS, this.connections.patienceFor(uri));
    const error = () => new ConnectionError(`${late} within ${formatMs(limit)}`);
    return Deadline.inMs(limit, this.clock).race(work(hypervisor), error);
  }
}

/** The same signal with a Cancelled as its reason. */
function cancellation(signal: AbortSignal | undefined): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(new Cancelled());
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return controller.signal;
}

type Find = (hypervisor: Hypervisor) => Promise<DomainRef | undefined>;

async function lookAt(hypervisor: Hypervisor, find: Find, clock: Clock, asked: Asked): Promise<LookupResult> {
  const domain = await find(hypervisor);
  if (domain === undefined) return { kind: "gone" };
  return {
    kind: "found",
    observation: await observeWithGuest(hypervisor, domain, clock, { ...asked, running: domain.id !== -1 }),
  };
}
