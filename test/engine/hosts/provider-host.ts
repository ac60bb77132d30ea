import { randomBytes } from "node:crypto";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Resource } from "../stack/resource.ts";
import { nameOf } from "../stack/urn.ts";
import { isSecret, markSecretsLike, type Props, propsFromWire, propsToProvider } from "../stack/values.ts";
import { answer, answerOrPartialFailure, knownProps, type Outcome } from "./answers.ts";
import { type Difference, differenceOf } from "./difference.ts";
import type { ProviderClient, ProviderServer } from "./hosts.ts";

export interface CheckFailure {
  property: string;
  reason: string;
}

/** A host of dynamic providers, asked as the real engine asks it. */
export class ProviderHost {
  private readonly server: ProviderServer;
  private readonly client: Promise<ProviderClient>;

  /** `resource`: the provider resource; its inputs are the configuration. */
  constructor(server: ProviderServer, { resource, id }: { resource: Resource; id: string }) {
    this.server = server;
    this.client = this.configured(resource, id);
    this.client.catch(() => {});
  }

  private async configured({ inputs, urn, type }: Resource, id: string): Promise<ProviderClient> {
    const client = await this.server.client;
    const request = new messages.ConfigureRequest();
    for (const [key, value] of Object.entries(inputs)) {
      request
        .getVariablesMap()
        .set(`pulumi-nodejs:config:${key}`, String(isSecret(value) ? value.value : value));
    }
    request.setArgs(structs.Struct.fromJavaScript(inputs));
    request.setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    request.setUrn(urn).setName(nameOf(urn)).setType(type).setId(id);
    await answer((done) => client.configure(request, done));
    return client;
  }

  async check(
    { urn, type }: Resource,
    o: { oldInputs: Props; inputs: Props; preview: boolean },
  ): Promise<{ inputs: Props; failures: CheckFailure[] }> {
    const unknowns = o.preview ? "keep" : "drop";
    const request = new messages.CheckRequest().setUrn(urn).setName(nameOf(urn)).setType(type);
    request.setOlds(struct(o.oldInputs, unknowns)).setNews(struct(o.inputs, unknowns));
    request.setRandomseed(randomBytes(32));
    const client = await this.client;
    const response = await answer<messages.CheckResponse>((done) => client.check(request, done));
    const checked = o.preview
      ? propsFromWire(response.getInputs()?.toJavaScript())
      : knownProps(response.getInputs());
    const failures = response.getFailuresList();
    return {
      inputs: markSecretsLike(checked, o.inputs),
      failures: failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
    };
  }

  /** `old` as it is recorded, `inputs` as they are wanted. */
  async diff(
    old: Resource,
    inputs: Props,
    o: { unknowns: "keep" | "drop"; ignore: string[] },
  ): Promise<Difference> {
    const { urn, type, id } = old;
    const request = new messages.DiffRequest().setUrn(urn).setName(nameOf(urn)).setType(type).setId(id);
    request.setOldInputs(struct(old.inputs, o.unknowns)).setOlds(struct(old.outputs, o.unknowns));
    request.setNews(struct(inputs, o.unknowns)).setIgnorechangesList(o.ignore);
    const client = await this.client;
    const response = await answer<messages.DiffResponse>((done) => client.diff(request, done));
    return differenceOf(response, { oldInputs: old.inputs, inputs, ignore: o.ignore });
  }

  async create({ urn, type, inputs }: Resource): Promise<Outcome> {
    const request = new messages.CreateRequest().setUrn(urn).setName(nameOf(urn)).setType(type);
    request.setProperties(struct(inputs, "drop"));
    const client = await this.client;
    const outcome = await answerOrPartialFailure<messages.CreateResponse>(
      (done) => client.create(request, done),
      {
        read: (response) => ({ id: response.getId(), properties: response.getProperties() }),
        outputsLike: inputs,
      },
    );
    if (outcome.id === "") throw new Error(`the provider answered create of ${urn} without an id`);
    return outcome;
  }

  async update(old: Resource, { urn, type, inputs, ignoreChanges }: Resource): Promise<Outcome> {
    const request = new messages.UpdateRequest().setUrn(urn).setName(nameOf(urn)).setType(type).setId(old.id);
    request.setOldInputs(struct(old.inputs, "drop")).setOlds(struct(old.outputs, "drop"));
    request.setNews(struct(inputs, "drop")).setIgnorechangesList(ignoreChanges);
    const client = await this.client;
    return answerOrPartialFailure<messages.UpdateResponse>((done) => client.update(request, done), {
      read: (response) => ({ id: old.id, properties: response.getProperties() }),
      outputsLike: inputs,
    });
  }

  /** An empty id in the outcome means that the resource is gone. */
  async read({ urn, type, id, inputs, outputs }: Resource): Promise<Outcome> {
    const request = new messages.ReadRequest().setUrn(urn).setName(nameOf(urn)).setType(type).setId(id);
    request.setProperties(struct(outputs, "drop")).setInputs(struct(inputs, "drop"));
    const client = await this.client;
    return answerOrPartialFailure<messages.ReadResponse>((done) => client.read(request, done), {
      read: (response) => ({
        id: response.getId(),
        properties: response.getProperties(),
        inputs: response.getInputs(),
      }),
      outputsLike: outputs,
      inputsLike: inputs,
    });
  }

  async delete({ urn, type, id, inputs, outputs }: Resource): Promise<void> {
    const request = new messages.DeleteRequest().setUrn(urn).setName(nameOf(urn)).setType(type).setId(id);
    request.setProperties(struct(outputs, "drop")).setOldInputs(struct(inputs, "drop"));
    const client = await this.client;
    await answer((done) => client.delete(request, done));
  }

  /** Asks the provider to end its calls early; what it answers is of no interest. */
  async cancel(): Promise<void> {
    try {
      const client = await this.client;
      await answer((done) => client.cancel(new empty.Empty(), done));
    } catch {
      // A host that never came up, or is gone, has nothing to cancel.
    }
  }

  async close(): Promise<void> {
    await this.cancel();
    await this.server.stop();
  }
}

function struct(props: Props, unknowns: "keep" | "drop"): structs.Struct {
  return structs.Struct.fromJavaScript(propsToProvider(props, unknowns));
}
