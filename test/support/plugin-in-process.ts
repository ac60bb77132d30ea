import type { handleServerStreamingCall, handleUnaryCall, ServiceError } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Severity } from "../../provider/engine/log.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { pluginService } from "../../provider/plugin/service.ts";
import { sent } from "../../provider/plugin/values.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeHypervisor } from "./fake-hypervisor.ts";

type Properties = Record<string, unknown>;

export const PLUGIN_URN = "urn:pulumi:dev::shop::libvirt-hotplug:index:Domain::web-1";

export interface PluginMessage {
  urn: string;
  severity: Severity | "status";
  text: string;
}

interface Checked {
  inputs: Properties;
  failures: { property: string; reason: string }[];
}

export interface Diffed {
  changes: number;
  replaces: string[];
  diffs: string[];
  detailedDiff: Record<string, { kind: number; inputDiff: boolean }>;
}

interface ReadBack {
  id: string;
  properties: Properties;
  inputs: Properties;
}

/** The plugin's service on fake hosts, called as the engine calls it, without gRPC in between. Values are in Pulumi's wire form. */
export class PluginInProcess {
  readonly messages: PluginMessage[] = [];
  readonly #service;

  constructor(
    hosts: FakeHypervisor | Record<string, FakeHypervisor>,
    environment: Record<string, string> = {},
  ) {
    const byUri = "findByName" in hosts ? { "qemu:///system": hosts as FakeHypervisor } : hosts;
    const say = async (urn: string, severity: PluginMessage["severity"], text: string) => {
      this.messages.push({ urn, severity, text });
    };
    this.#service = pluginService({
      connect: async (uri) => {
        const host = byUri[uri];
        if (host === undefined) throw new ConnectionError(`nobody answers at ${uri}`);
        return host;
      },
      engineLog: () => ({ message: say, status: (urn, text) => say(urn, "status", text) }),
      ...{ environment, clock: new FakeClock(), address: undefined, version: "1.2.3", schema: "{}" },
    });
  }

  /** What the reader of the terminal sees, without the passing states. */
  get said(): string[] {
    return this.messages.filter(({ severity }) => severity !== "status").map(({ text }) => text);
  }

  call<Answer>(method: string, request: object): Promise<Answer> {
    const handler = this.#service[method] as handleUnaryCall<object, Answer>;
    return new Promise((resolve, reject) => {
      handler({ request } as never, (error: unknown, answer: unknown) =>
        error ? reject(error as ServiceError) : resolve(answer as Answer),
      );
    });
  }

  /** The answers of a method that streams them. */
  stream<Answer>(method: string, request: object): Promise<Answer[]> {
    const handler = this.#service[method] as handleServerStreamingCall<object, Answer>;
    return new Promise((resolve, reject) => {
      const answers: Answer[] = [];
      const call = {
        request,
        write: (answer: Answer) => answers.push(answer),
        end: () => resolve(answers),
        emit: (_event: string, error: Error) => reject(error),
      };
      handler(call as never);
    });
  }

  async configure(args: Properties = {}): Promise<void> {
    const request = new pb.ConfigureRequest();
    request.setArgs(sent(args));
    await this.call("configure", request);
  }

  async checkConfig(news: Properties): Promise<Checked> {
    const request = new pb.CheckRequest();
    request.setNews(sent(news));
    return checked(await this.call("checkConfig", request));
  }

  async check(
    olds: Properties,
    news: Properties,
    options: { urn?: string; autonaming?: { proposedName: string; mode: 0 | 1 | 2 } } = {},
  ): Promise<Checked> {
    const request = new pb.CheckRequest();
    request.setUrn(options.urn ?? PLUGIN_URN);
    request.setOlds(sent(olds));
    request.setNews(sent(news));
    if (options.autonaming !== undefined) {
      const autonaming = new pb.CheckRequest.AutonamingOptions();
      autonaming.setProposedName(options.autonaming.proposedName);
      autonaming.setMode(options.autonaming.mode);
      request.setAutonaming(autonaming);
    }
    return checked(await this.call("check", request));
  }

  async diff(
    id: string,
    olds: Properties,
    news: Properties,
    { oldInputs = {}, urn = PLUGIN_URN }: { oldInputs?: Properties; urn?: string } = {},
  ): Promise<Diffed> {
    const request = new pb.DiffRequest();
    request.setId(id);
    request.setUrn(urn);
    request.setOlds(sent(olds));
    request.setNews(sent(news));
    request.setOldInputs(sent(oldInputs));
    const answer = await this.call<pb.DiffResponse>("diff", request);
    return {
      changes: answer.getChanges(),
      replaces: answer.getReplacesList(),
      diffs: answer.getDiffsList(),
      detailedDiff: Object.fromEntries(
        answer
          .getDetaileddiffMap()
          .toObject(false, pb.PropertyDiff.toObject)
          .map(([path, { kind, inputdiff }]) => [path, { kind, inputDiff: inputdiff }]),
      ),
    };
  }

  async create(
    properties: Properties,
    { preview = false, urn = PLUGIN_URN } = {},
  ): Promise<{ id: string; properties: Properties }> {
    const request = new pb.CreateRequest();
    request.setUrn(urn);
    request.setProperties(sent(properties));
    request.setPreview(preview);
    const answer = await this.call<pb.CreateResponse>("create", request);
    return { id: answer.getId(), properties: answer.getProperties()?.toJavaScript() ?? {} };
  }

  async update(
    id: string,
    olds: Properties,
    news: Properties,
    { preview = false, urn = PLUGIN_URN, timeout = 0 } = {},
  ): Promise<Properties> {
    const request = new pb.UpdateRequest();
    request.setTimeout(timeout);
    request.setId(id);
    request.setUrn(urn);
    request.setOlds(sent(olds));
    request.setNews(sent(news));
    request.setPreview(preview);
    const answer = await this.call<pb.UpdateResponse>("update", request);
    return answer.getProperties()?.toJavaScript() ?? {};
  }

  async read(
    id: string,
    state: { properties?: Properties; inputs?: Properties } = {},
    urn = PLUGIN_URN,
  ): Promise<ReadBack> {
    const request = new pb.ReadRequest();
    request.setId(id);
    request.setUrn(urn);
    if (state.properties !== undefined) request.setProperties(sent(state.properties));
    if (state.inputs !== undefined) request.setInputs(sent(state.inputs));
    const answer = await this.call<pb.ReadResponse>("read", request);
    return {
      id: answer.getId(),
      properties: answer.getProperties()?.toJavaScript() ?? {},
      inputs: answer.getInputs()?.toJavaScript() ?? {},
    };
  }

  async delete(id: string, properties: Properties, urn = PLUGIN_URN): Promise<void> {
    const request = new pb.DeleteRequest();
    request.setId(id);
    request.setUrn(urn);
    request.setProperties(sent(properties));
    await this.call("delete", request);
  }
}

function checked(answer: pb.CheckResponse): Checked {
  return {
    inputs: answer.getInputs()?.toJavaScript() ?? {},
    failures: answer
      .getFailuresList()
      .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
  };
}

/** A plugin with its provider configured. */
export async function configured(args = {}, host = new FakeHypervisor()): Promise<PluginInProcess> {
  const plugin = new PluginInProcess(host);
  await plugin.configure(args);
  return plugin;
}
