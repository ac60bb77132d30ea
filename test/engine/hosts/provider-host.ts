import { randomBytes } from "node:crypto";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Resource } from "../stack/resource.ts";
import { nameOf, packageOf } from "../stack/urn.ts";
import {
  containsUnknown,
  type Form,
  isSecret,
  markSecretsLike,
  type Props,
  propsFromWire,
  propsToProvider,
} from "../stack/values.ts";
import { answer, answerOrPartialFailure, knownProps, type Outcome } from "./answers.ts";
import { type Difference, differenceOf } from "./difference.ts";
import type { PluginClient, ProviderClient, ProviderServer } from "./hosts.ts";

export interface CheckFailure {
  property: string;
  reason: string;
}

export interface Checked {
  inputs: Props;
  failures: CheckFailure[];
}

/** What can be asked about the inputs of a resource, or of the provider itself. */
export interface Checks {
  check(resource: Resource, o: { oldInputs: Props; inputs: Props; preview: boolean }): Promise<Checked>;
  /** `old` as it is recorded, `inputs` as they are wanted, of the resource `wanted`. */
  diff(
    old: Resource,
    inputs: Props,
    o: { unknowns: "keep" | "drop"; ignore: string[]; wanted?: Resource },
  ): Promise<Difference>;
}

/** What the host takes and does beyond a host of dynamic providers. */
interface Features {
  secrets: boolean;
  previews: boolean;
}

/** A host of dynamic providers or a resource plugin, asked as the real engine asks it. */
export class ProviderHost implements Checks {
  private readonly server: ProviderServer;
  private readonly ready: Promise<Features>;
  private configured: Promise<void> | undefined;
  /** Set while it is not configured, in a preview that doesn't know the configuration yet. */
  private lacksConfiguration = false;

  constructor(server: ProviderServer, { engineAddress = "" }: { engineAddress?: string } = {}) {
    this.server = server;
    this.ready = this.shakeHands(engineAddress);
    this.ready.catch(() => {});
  }

  private async shakeHands(engineAddress: string): Promise<Features> {
    if (this.server.kind === "dynamic") return { secrets: false, previews: false };
    const client = await this.server.client;
    const request = new messages.ProviderHandshakeRequest().setEngineAddress(engineAddress);
    request.setConfigureWithUrn(true).setInvokeWithPreview(true);
    const response = await answer<messages.ProviderHandshakeResponse>((done) =>
      client.handshake(request, done),
    );
    await answer((done) => client.getPluginInfo(new empty.Empty(), done));
    return { secrets: response.getAcceptSecrets(), previews: true };
  }

  private async plugin(): Promise<PluginClient> {
    await this.ready;
    if (this.server.kind !== "plugin")
      throw new Error("a host of dynamic providers has no configuration to check");
    return this.server.client;
  }

  /** Of the provider resource, whose inputs are the configuration. A plugin gets the secrets among them in clear. */
  readonly config: Checks = {
    check: async (resource, { oldInputs, inputs }) => {
      const client = await this.plugin();
      const form = { unknowns: "keep" } as const;
      const request = named(new messages.CheckRequest(), resource);
      request.setOlds(struct(oldInputs, form)).setNews(struct(inputs, form));
      const response = await answer<messages.CheckResponse>((done) => client.checkConfig(request, done));
      const checked = propsFromWire(response.getInputs()?.toJavaScript());
      return { inputs: markSecretsLike(checked, inputs), failures: failuresIn(response) };
    },
    diff: async (old, inputs, { wanted = old, ignore }) => {
      const client = await this.plugin();
      const form = { unknowns: "keep" } as const;
      const request = named(new messages.DiffRequest(), wanted);
      request.setOldInputs(struct(old.inputs, form)).setOlds(struct(old.outputs, form));
      request.setNews(struct(inputs, form)).setIgnorechangesList(ignore);
      const response = await answer<messages.DiffResponse>((done) => client.diffConfig(request, done));
      return differenceOf(response, { oldInputs: old.inputs, inputs, ignore });
    },
  };

  /** `resource`: the provider resource; its inputs are the configuration. */
  configure(resource: Resource, id: string): void {
    this.lacksConfiguration = this.server.kind === "plugin" && containsUnknown(resource.inputs);
    if (this.lacksConfiguration) return;
    this.configured = this.sendConfiguration(resource, id);
    this.configured.catch(() => {});
  }

  private async sendConfiguration({ inputs, urn, type }: Resource, id: string): Promise<void> {
    await this.ready;
    const client = await this.server.client;
    const request = new messages.ConfigureRequest();
    for (const [key, value] of Object.entries(inputs)) {
      if (this.server.kind === "plugin" && OF_THE_ENGINE.includes(key)) continue;
      request.getVariablesMap().set(`${packageOf(type)}:config:${key}`, text(value));
    }
    request.setArgs(structs.Struct.fromJavaScript(inputs));
    request.setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    request.setUrn(urn).setName(nameOf(urn)).setType(type).setId(id);
    await answer((done) => client.configure(request, done));
  }

  private async client(): Promise<ProviderClient> {
    await this.ready;
    await this.configured;
    return this.server.client;
  }

  private async form(unknowns: "keep" | "drop"): Promise<Form> {
    return { unknowns, secrets: (await this.ready).secrets };
  }

  async check(
    resource: Resource,
    o: { oldInputs: Props; inputs: Props; preview: boolean },
  ): Promise<Checked> {
    if (this.lacksConfiguration) return { inputs: o.inputs, failures: [] };
    const client = await this.client();
    const form = await this.form(o.preview ? "keep" : "drop");
    const request = named(new messages.CheckRequest(), resource);
    request.setOlds(struct(o.oldInputs, form)).setNews(struct(o.inputs, form));
    request.setRandomseed(randomBytes(32));
    const response = await answer<messages.CheckResponse>((done) => client.check(request, done));
    const checked = o.preview
      ? propsFromWire(response.getInputs()?.toJavaScript())
      : knownProps(response.getInputs());
    return {
      inputs: form.secrets ? checked : markSecretsLike(checked, o.inputs),
      failures: failuresIn(response),
    };
  }

  async diff(
    old: Resource,
    inputs: Props,
    o: { unknowns: "keep" | "drop"; ignore: string[]; wanted?: Resource },
  ): Promise<Difference> {
    if (this.lacksConfiguration)
      return differenceOf(new messages.DiffResponse(), { oldInputs: old.inputs, inputs, ignore: o.ignore });
    const client = await this.client();
    const form = await this.form(o.unknowns);
    const request = named(new messages.DiffRequest(), o.wanted ?? old).setId(old.id);
    request.setOldInputs(struct(old.inputs, form)).setOlds(struct(old.outputs, form));
    request.setNews(struct(inputs, form)).setIgnorechangesList(o.ignore);
    const response = await answer<messages.DiffResponse>((done) => client.diff(request, done));
    return differenceOf(response, { oldInputs: old.inputs, inputs, ignore: o.ignore });
  }

  /** In a preview, a host that can't foresee the outputs isn't asked: the inputs stand in for them. */
  async create(resource: Resource, { preview }: { preview: boolean } = { preview: false }): Promise<Outcome> {
    const { inputs } = resource;
    if (preview && !(await this.previews())) return { id: "", outputs: { ...inputs }, initErrors: [] };
    const client = await this.client();
    const form = await this.form(preview ? "keep" : "drop");
    const request = named(new messages.CreateRequest(), resource).setProperties(struct(inputs, form));
    request.setPreview(preview).setTimeout(resource.customTimeouts.create ?? 0);
    const outcome = await answerOrPartialFailure<messages.CreateResponse>(
      (done) => client.create(request, done),
      {
        read: (response) => ({ id: response.getId(), properties: response.getProperties() }),
        outputsLike: form.secrets ? {} : inputs,
        mayBeUnknown: preview,
      },
    );
    if (outcome.id === "" && !preview)
      throw new Error(`the provider answered create of ${resource.urn} without an id`);
    return outcome;
  }

  async update(
    old: Resource,
    resource: Resource,
    { preview }: { preview: boolean } = { preview: false },
  ): Promise<Outcome> {
    const { inputs, ignoreChanges } = resource;
    if (preview && !(await this.previews())) return { id: old.id, outputs: { ...inputs }, initErrors: [] };
    const client = await this.client();
    const form = await this.form(preview ? "keep" : "drop");
    const request = named(new messages.UpdateRequest(), resource).setId(old.id);
    request.setOldInputs(struct(old.inputs, form)).setOlds(struct(old.outputs, form));
    request.setNews(struct(inputs, form)).setIgnorechangesList(ignoreChanges);
    request.setPreview(preview).setTimeout(resource.customTimeouts.update ?? 0);
    return answerOrPartialFailure<messages.UpdateResponse>((done) => client.update(request, done), {
      read: (response) => ({ id: old.id, properties: response.getProperties() }),
      outputsLike: form.secrets ? {} : inputs,
      mayBeUnknown: preview,
    });
  }

  private async previews(): Promise<boolean> {
    return !this.lacksConfiguration && (await this.ready).previews;
  }

  /**
   * An empty id in the outcome means that the resource is gone. What is not in the state is looked for by its id, and by the
   * inputs that the program gives for one that is only to be read.
   */
  async read(resource: Resource, state: "recorded" | "to-import" | "to-read" = "recorded"): Promise<Outcome> {
    const { id, inputs, outputs } = resource;
    const client = await this.client();
    const form = await this.form("drop");
    const request = named(new messages.ReadRequest(), resource).setId(id);
    if (state === "recorded") request.setProperties(struct(outputs, form)).setInputs(struct(inputs, form));
    if (state === "to-read") request.setProperties(struct(inputs, form)).setInputs(struct(inputs, form));
    const isLike = (props: Props) => (form.secrets ? {} : props);
    return answerOrPartialFailure<messages.ReadResponse>((done) => client.read(request, done), {
      read: (response) => ({
        id: response.getId(),
        properties: response.getProperties(),
        inputs: response.getInputs(),
      }),
      outputsLike: isLike(outputs),
      inputsLike: isLike(inputs),
    });
  }

  async delete(resource: Resource): Promise<void> {
    const client = await this.client();
    const form = await this.form("drop");
    const request = named(new messages.DeleteRequest(), resource).setId(resource.id);
    request.setProperties(struct(resource.outputs, form)).setOldInputs(struct(resource.inputs, form));
    request.setTimeout(resource.customTimeouts.delete ?? 0);
    await answer((done) => client.delete(request, done));
  }

  /** Asks the provider to end its calls early; what it answers is of no interest. */
  async cancel(): Promise<void> {
    try {
      const client = await this.server.client;
      await answer((done) => client.cancel(new empty.Empty(), done));
    } catch {
      // A host that never came up, or is gone, has nothing to cancel.
    }
  }

  async close(): Promise<void> {
    await this.configured?.catch(() => {});
    await this.cancel();
    await this.server.stop();
  }
}

/** Inputs of a provider resource that say which plugin it is, not how it is to work. */
const OF_THE_ENGINE = ["version", "pluginDownloadURL"];

interface Named {
  setUrn(urn: string): this;
  setName(name: string): this;
  setType(type: string): this;
}

function named<Request extends Named>(request: Request, { urn, type }: Resource): Request {
  return request.setUrn(urn).setName(nameOf(urn)).setType(type);
}

function failuresIn(response: messages.CheckResponse): CheckFailure[] {
  return response
    .getFailuresList()
    .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

/** A value of the configuration, as text. */
function text(value: Props[string]): string {
  const plain = isSecret(value) ? value.value : value;
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}

function struct(props: Props, form: Form): structs.Struct {
  return structs.Struct.fromJavaScript(propsToProvider(props, form));
}
