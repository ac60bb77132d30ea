import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Failure } from "../../provider/args/failure.ts";
import type { Clock } from "../../provider/deadline.ts";
import type { Severity } from "../../provider/engine/log.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { createProvider } from "../../provider/provider.ts";
import { SIGNATURE } from "../engine/stack/values.ts";
import { URN } from "./arbitrary-inputs.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeHypervisor } from "./fake-hypervisor.ts";

type Properties = Record<string, unknown>;

export { URN };

export interface Message {
  urn: string;
  severity: Severity | "status";
  text: string;
}

/** A host that a run of Pulumi can reach by its URI, or the reason why it can't. */
export type Hosts = Record<string, FakeHypervisor | Error>;

/** One run of Pulumi: a provider process of its own, and what it said. */
export class Run {
  readonly messages: Message[] = [];
  /** Connections that were tried, by URI. */
  readonly connections: string[] = [];
  readonly provider: ReturnType<typeof createProvider>;

  constructor(
    hosts: Hosts,
    config: Record<string, string> = { "libvirt:uri": "qemu:///system" },
    clock: Clock = new FakeClock(),
    signal?: AbortSignal,
  ) {
    const say = (urn: string, severity: Message["severity"], text: string) => {
      this.messages.push({ urn, severity, text });
      return Promise.resolve();
    };
    this.provider = withoutMarks(
      createProvider({
        connect: async (uri) => {
          this.connections.push(uri);
          const host = hosts[uri] ?? new ConnectionError(`nobody answers at ${uri}`);
          if (host instanceof Error) throw host;
          return host;
        },
        log: { message: say, status: (urn, text) => say(urn, "status", text) },
        environment: {},
        clock,
        ...(signal && { signal }),
      }),
    );
    // Pulumi's own Config reads by full key; nothing else of it is used.
    const read = { get: (key: string) => config[key] };
    this.provider.configure?.({ config: read as never });
  }

  /** What the reader of the terminal sees, without the passing states. */
  get said(): string[] {
    return this.messages.filter(({ severity }) => severity !== "status").map(({ text }) => text);
  }

  /** The first line of each message, which a terminal shows on the resource's row. */
  get rows(): string[] {
    return this.said.map((text) => text.split("\n")[0] ?? "");
  }
}

/** What the engine records of a resource. */
interface Recorded {
  id: string;
  inputs: Properties;
  outputs: Properties;
  /** The last create or update was only partly done: the next run updates, even without a difference. */
  isPartial: boolean;
  /** Its domain was deleted in a replace that has not created the new one: the next run creates it, without a delete. */
  isPendingReplacement?: boolean;
}

/** What the engine shows where check found something wrong. */
export class CheckFailed extends Error {
  readonly failures: Failure[];
  constructor(failures: Failure[]) {
    super(failures.map(({ property, reason }) => `${property} ${reason}`).join("\n"));
    this.failures = failures;
  }
}

type Kind = "create" | "same" | "update" | "replace";

/**
 * A stack of one Domain, run as the engine runs it: each operation in a process of its own, properties over Pulumi's wire
 * format, which takes neither undefined nor what isn't JSON.
 */
export class OneResource {
  hosts: Hosts;
  urn: string;
  state: Recorded | undefined;
  /** The last operation's run. */
  run: Run;
  /** That of all its runs. */
  readonly clock = new FakeClock();
  /** The stack's configuration, by full key. */
  config: Record<string, string> | undefined;
  /** Cancels the runs, where the provider's host tells it. */
  signal: AbortSignal | undefined;

  constructor(host: FakeHypervisor | Error, urn = URN) {
    this.hosts = { "qemu:///system": host };
    this.urn = urn;
    this.run = this.newRun();
  }

  async preview(args: Properties): Promise<{ kind: Kind; inputs: Properties; replaces: string[] }> {
    this.run = this.newRun();
    return this.plan(args);
  }

  /** `meanwhile` is what somebody else does between the preview and the work. */
  async up(args: Properties, meanwhile = () => {}): Promise<Kind> {
    const { kind, inputs } = await this.preview(args);
    meanwhile();
    if (kind === "create") await this.create(inputs);
    else if (kind === "replace") await this.replace(inputs);
    else if (kind === "update" || this.recorded.isPartial) await this.update(inputs);
    return kind;
  }

  /** What `--replace`, `--target-replace` and a tainted resource make of a preview: neither olds for check, nor a diff. */
  async previewForced(args: Properties): Promise<Properties> {
    this.run = this.newRun();
    return this.check({}, args);
  }

  async upForced(args: Properties): Promise<void> {
    await this.replace(await this.previewForced(args));
  }

  /** A replace by the program's `replaceOnChanges`. */
  async upReplacedOnChanges(args: Properties): Promise<void> {
    await this.preview(args);
    await this.replace(await this.check({}, args));
  }

  /** The replace of a program that sets `deleteBeforeReplace: false`, after its checks. */
  async upCreatedFirst(inputs: Properties): Promise<void> {
    const { id, outputs } = this.recorded;
    await this.create(inputs);
    await this.run.provider.delete?.(id, outputs);
  }

  private async replace(inputs: Properties): Promise<void> {
    const { isPendingReplacement, id, outputs } = this.recorded;
    if (!isPendingReplacement) await this.run.provider.delete?.(id, outputs);
    this.state = { ...this.recorded, isPendingReplacement: true };
    await this.create(inputs);
  }

  async refresh(): Promise<void> {
    this.run = this.newRun();
    const { id, inputs, outputs } = this.recorded;
    const read = await this.run.provider.read?.(id, wire(outputs));
    if (!read?.id) this.state = undefined;
    else {
      const found = read.inputs === undefined ? inputs : wire(read.inputs);
      this.state = { id, inputs: found, outputs: wire(read.props ?? {}), isPartial: false };
    }
  }

  async destroy(): Promise<void> {
    this.run = this.newRun();
    await this.run.provider.delete?.(this.recorded.id, wire(this.recorded.outputs));
    this.state = undefined;
  }

  private newRun(): Run {
    return new Run(this.hosts, this.config, this.clock, this.signal);
  }

  get recorded(): Recorded {
    if (this.state === undefined) throw new Error("the stack has no such resource");
    return this.state;
  }

  async check(olds: Properties, args: Properties): Promise<Properties> {
    const news = wire({ ...args, __urn: this.urn, __provider: "exports.handler = …" });
    const checked = await this.run.provider.check?.(wire(olds), news);
    if (checked?.failures?.length) throw new CheckFailed(checked.failures);
    return wire(checked?.inputs ?? {});
  }

  private async plan(args: Properties): Promise<{ kind: Kind; inputs: Properties; replaces: string[] }> {
    const inputs = await this.check(this.state?.inputs ?? {}, args);
    if (this.state === undefined) return { kind: "create", inputs, replaces: [] };
    const diff = await this.run.provider.diff?.(this.state.id, wire(this.state.outputs), inputs);
    const replaces = diff?.replaces ?? [];
    if (replaces.length > 0 || this.state.isPendingReplacement)
      return { kind: "replace", inputs: await this.check({}, args), replaces };
    const isSame =
      diff?.changes === false ||
      (diff?.changes === undefined && same(visible(inputs), visible(this.state.inputs)));
    return { kind: isSame ? "same" : "update", inputs, replaces };
  }

  private async create(inputs: Properties): Promise<void> {
    await this.record(inputs, () => this.run.provider.create(inputs));
  }

  /** After a preview, which may have had other inputs: those that weren't known yet. */
  async update(inputs: Properties): Promise<void> {
    const { id, outputs } = this.recorded;
    await this.record(inputs, async () => ({
      id,
      ...(await this.run.provider.update?.(id, wire(outputs), inputs)),
    }));
  }

  /** A failure with an id is a partial success: the old inputs stay, the outputs are the failure's. */
  private async record(
    inputs: Properties,
    work: () => Promise<{ id: string; outs?: Properties }>,
  ): Promise<void> {
    try {
      const { id, outs } = await work();
      this.state = { id, inputs, outputs: wire(outs ?? {}), isPartial: false };
    } catch (error) {
      const partial = error as Partial<{ id: string; properties: Properties; reasons: string[] }>;
      if (partial.id !== undefined)
        this.state = {
          id: partial.id,
          inputs: this.state?.isPendingReplacement ? inputs : (this.state?.inputs ?? inputs),
          outputs: wire(partial.properties ?? {}),
          isPartial: true,
        };
      throw error;
    }
  }
}

/** The engine sends the provider values without the marks of secrets, which the provider's own answers may have. */
function withoutMarks<Provider extends object>(provider: Provider): Provider {
  return new Proxy(provider, {
    get: (target, name) => {
      const method = Reflect.get(target, name);
      if (typeof method !== "function" || name === "configure") return method;
      return (...args: unknown[]) => Reflect.apply(method, target, args.map(plainValue));
    },
  });
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return plainValue(Reflect.get(value, "value"));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
}

/** There and back in Pulumi's wire format, which throws for undefined. */
export function wire(properties: object): Properties {
  return structs.Struct.fromJavaScript(properties as Record<string, structs.JavaScriptValue>).toJavaScript();
}

function visible(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !key.startsWith("__")));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** A resource whose domain was created on a host of its own. */
export async function created(args: Properties): Promise<{ host: FakeHypervisor; stack: OneResource }> {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up(args);
  return { host, stack };
}
