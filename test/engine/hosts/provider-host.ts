import { randomBytes } from "node:crypto";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Project } from "../stack/project.ts";
import type { Resource } from "../stack/resource.ts";
import { nameOf } from "../stack/urn.ts";
import { isSecret, markSecretsLike, type Props, propsFromWire, propsToProvider } from "../stack/values.ts";
import { answer, answerOrPartialFailure, knownProps, type Outcome } from "./answers.ts";
import { type Difference, differenceOf } from "./difference.ts";
import { HostProcess } from "./host-process.ts";

export interface ProviderRun {
  project: Project;
  env: Record<string, string | undefined>;
  engineAddress: string;
  /** The provider resource; its inputs are the configuration. */
  resource: Resource;
  id: string;
  onOutput: (text: string) => void;
}

export interface CheckFailure {
  property: string;
  reason: string;
}

/** The limit of the real engine. */
const MAX_MESSAGE_BYTES = 400 << 20;

/** @pulumi/pulumi's own host of dynamic providers: its process, and a client of its gRPC service. */
export class ProviderHost {
  private readonly host: HostProcess;
  private readonly client: Promise<ResourceProviderClient>;

  constructor(run: ProviderRun) {
    this.host = new HostProcess({
      project: run.project,
      entry: "@pulumi/pulumi/cmd/dynamic-provider",
      args: [run.engineAddress],
      env: {
        ...run.env,
        PULUMI_CONFIG: "{}",
        PULUMI_PROJECT: run.project.name,
        PULUMI_NODEJS_PROJECT: run.project.name,
      },
    });
    this.host.stderr.on("data", (chunk) => run.onOutput(String(chunk)));
    this.client = this.connect(run);
    this.client.catch(() => {});
  }

  private async connect(run: ProviderRun): Promise<ResourceProviderClient> {
    const port = await this.port(run.onOutput);
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    });
    const { inputs, urn, type } = run.resource;
    const request = new messages.ConfigureRequest();
    for (const [key, value] of Object.entries(inputs)) {
      request
        .getVariablesMap()
        .set(`pulumi-nodejs:config:${key}`, String(isSecret(value) ? value.value : value));
    }
    request.setArgs(structs.Struct.fromJavaScript(inputs));
    request.setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    request.setUrn(urn).setName(nameOf(urn)).setType(type).setId(run.id);
    await answer((done) => client.configure(request, done));
    return client;
  }

  /** The first line on stdout is the port; all that follows is the provider's own output. */
  private port(onOutput: (text: string) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      let head = "";
      let found = false;
      this.host.stdout.on("data", (chunk) => {
        if (found) return onOutput(String(chunk));
        head += String(chunk);
        const end = head.indexOf("\n");
        if (end < 0) return;
        found = true;
        resolve(head.slice(0, end).trim());
        if (head.length > end + 1) onOutput(head.slice(end + 1));
      });
      const early = (code: number) =>
        reject(new Error(`the provider host ended before it served, with ${code}`));
      this.host.exited.then(early, reject);
    });
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
    await this.host.stop();
    await this.client.then(
      (client) => client.close(),
      () => {},
    );
  }
}

function struct(props: Props, unknowns: "keep" | "drop"): structs.Struct {
  return structs.Struct.fromJavaScript(propsToProvider(props, unknowns));
}
