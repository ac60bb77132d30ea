import { status } from "@grpc/grpc-js";
import type { Configuration } from "../configuration.ts";
import type { EngineLog } from "../engine/log.ts";
import { type HostOperations, hostOperations } from "../host-operations.ts";
import type { Mark } from "../secret-operation.ts";
import { type Dependencies, Session } from "../session.ts";
import { ProtocolError } from "./failure.ts";
import { MissingUri } from "./missing-uri.ts";
import { withAllSecretMarks, withSecretUri } from "./secrets.ts";

export interface PluginDependencies extends Omit<Dependencies, "log" | "signal"> {
  /** The log of the engine at an address. */
  engineLog: (address: string | undefined) => EngineLog;
  /** The engine's address, where the engine started this process. */
  address: string | undefined;
  version: string;
  /** The package's schema as JSON. */
  schema: string;
}

/** What a run has from its configuration on. */
export interface Configured {
  session: Session;
  operations: HostOperations;
  mark: Mark;
  missingUri: MissingUri;
}

/**
 * The run of Pulumi that calls this plugin. The engine starts a process for each run, but a process that the engine attaches to
 * (PULUMI_DEBUG_PROVIDERS) serves one run after the other: nothing is shared between them.
 */
export class CurrentRun {
  /** The log of the engine that uses this process. */
  log: EngineLog;
  readonly #dependencies: PluginDependencies;
  #configured: Configured | undefined;
  #cancellation = new AbortController();
  /** The URN of each renamed resource by the one in its state, which is rewritten at its next update. */
  readonly #renamed = new Map<string, string>();

  constructor(dependencies: PluginDependencies) {
    this.#dependencies = dependencies;
    this.log = dependencies.engineLog(dependencies.address);
  }

  /** An engine begins to use this process. */
  begin(address: string): void {
    if (address !== "") this.log = this.#dependencies.engineLog(address);
    this.#configured = undefined;
    this.#cancellation = new AbortController();
    this.#renamed.clear();
  }

  /** @param isUriSecret the configuration's URI is secret */
  configure(configuration: Configuration, isUriSecret: boolean): void {
    if (this.#cancellation.signal.aborted) this.#cancellation = new AbortController();
    const log = this.#logWithPresentUrns(this.log);
    const { signal } = this.#cancellation;
    const session = new Session({ ...this.#dependencies, log, signal });
    session.configuration = configuration;
    const secretUri = isUriSecret ? configuration.uri : undefined;
    const mark: Mark = (properties) => withSecretUri(withAllSecretMarks(properties), secretUri);
    const operations = hostOperations(
      session,
      mark,
      secretUri === undefined ? {} : { uri: secretUri, __secrets: ["uri"] },
    );
    const { LIBVIRT_DEFAULT_URI } = this.#dependencies.environment;
    const missingUri = new MissingUri(session, configuration.uri ?? LIBVIRT_DEFAULT_URI);
    this.#configured = { session, operations, mark, missingUri };
  }

  /** The user cancels the run, or it is over. */
  cancel(): void {
    this.#cancellation.abort();
  }

  get configured(): Configured {
    if (this.#configured !== undefined) return this.#configured;
    throw new ProtocolError(status.FAILED_PRECONDITION, "the provider isn't configured yet");
  }

  /** Notes that a resource has another URN in its state, under which the engine doesn't know it. */
  noteUrn(recorded: unknown, urn: string): void {
    if (typeof recorded === "string" && recorded !== urn) this.#renamed.set(recorded, urn);
  }

  #logWithPresentUrns(log: EngineLog): EngineLog {
    const present = (urn: string) => this.#renamed.get(urn) ?? urn;
    return {
      message: (urn, severity, text) => log.message(present(urn), severity, text),
      status: (urn, text) => log.status(present(urn), text),
    };
  }
}
