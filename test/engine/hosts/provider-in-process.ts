import { Metadata, status } from "@grpc/grpc-js";
import type { dynamic } from "@pulumi/pulumi";
import { Config } from "@pulumi/pulumi/cmd/dynamic-provider/config.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { isSecret, propsFromWire } from "../stack/values.ts";
import type { Done } from "./answers.ts";
import type { ProviderClient, ProviderRun } from "./hosts.ts";

type Properties = Record<string, unknown>;

/** Names the code of the provider, which Pulumi's host evaluates: without it a resource could not be worked on again. */
const CODE = "__provider";

/** Answers as @pulumi/pulumi's host of dynamic providers does (cmd/dynamic-provider), in this process. */
export function serveProvider(provider: dynamic.ResourceProvider, run: ProviderRun): ProviderClient {
  const config: Properties = {};
  let configured: Promise<void> | undefined;

  /** The host loads and configures the provider at the first call that names it. */
  const load = async (...properties: Properties[]): Promise<dynamic.ResourceProvider> => {
    if (properties.every((some) => typeof some[CODE] !== "string")) {
      throw new Error(`no property ${CODE} says which provider it is`);
    }
    configured ??= Promise.resolve(provider.configure?.({ config: new Config(config, run.project.name) }));
    await configured;
    return provider;
  };
  /** What the host also prints, with its stack. */
  const printed = (error: unknown) => {
    run.onOutput(`${error}: ${(error as Error).stack}`);
    return error;
  };

  return {
    configure: served(async (request) => {
      const args = propsFromWire(request.getArgs()?.toJavaScript());
      for (const [key, value] of Object.entries(args)) config[key] = isSecret(value) ? value.value : value;
      return new messages.ConfigureResponse().setAcceptsecrets(false);
    }),
    check: served(async (request) => {
      const [olds, news] = [plain(request.getOlds()), plain(request.getNews())];
      const { check } = await load(news, olds);
      const { inputs = news, failures = [] } = (await check?.(olds, news)) ?? {};
      const response = new messages.CheckResponse();
      response.setInputs(struct({ ...inputs, [CODE]: news[CODE] }));
      return response.setFailuresList(
        failures.map(({ property, reason }) =>
          new messages.CheckFailure().setProperty(property).setReason(reason),
        ),
      );
    }, printed),
    diff: served(async (request) => {
      const [olds, news] = [plain(request.getOlds()), plain(request.getNews())];
      const { diff } = await load(news, olds);
      const {
        changes,
        replaces = [],
        deleteBeforeReplace = false,
      } = (await diff?.(request.getId(), olds, news)) ?? {};
      const { DIFF_SOME, DIFF_NONE, DIFF_UNKNOWN } = messages.DiffResponse.DiffChanges;
      const response = new messages.DiffResponse();
      response.setChanges(changes === undefined ? DIFF_UNKNOWN : changes ? DIFF_SOME : DIFF_NONE);
      return response.setReplacesList(replaces).setDeletebeforereplace(deleteBeforeReplace);
    }, printed),
    create: served(async (request) => {
      const inputs = plain(request.getProperties());
      const { create } = await load(inputs);
      const { id, outs } = await create(inputs);
      return new messages.CreateResponse().setId(id).setProperties(struct({ ...outs, [CODE]: inputs[CODE] }));
    }, partialFailure),
    update: served(async (request) => {
      const [olds, news] = [plain(request.getOlds()), plain(request.getNews())];
      const { update } = await load(news);
      const { outs } = (await update?.(request.getId(), olds, news)) ?? {};
      return new messages.UpdateResponse().setProperties(struct({ ...outs, [CODE]: news[CODE] }));
    }, partialFailure),
    read: served(async (request) => {
      const outputs = plain(request.getProperties());
      const { read } = await load(outputs);
      const { id = "", props, inputs } = (await read?.(request.getId(), outputs)) ?? {};
      const response = new messages.ReadResponse().setId(id);
      response.setProperties(struct({ ...props, [CODE]: outputs[CODE] }));
      return inputs ? response.setInputs(struct({ ...inputs, [CODE]: outputs[CODE] })) : response;
    }, printed),
    delete: served(async (request) => {
      const outputs = plain(request.getProperties());
      await (await load(outputs)).delete?.(request.getId(), outputs);
      return new empty.Empty();
    }, printed),
    cancel: served(async () => new empty.Empty()),
  };
}

function served<Request, Response>(
  handle: (request: Request) => Promise<Response>,
  failure: (error: unknown) => unknown = (error) => error,
): (request: Request, done: Done<Response>) => void {
  return (request, done) => {
    handle(request).then(
      (response) => done(null, response),
      // The protocol has a response, if an unused one, with an error too.
      (error) => done(failure(error) as Parameters<typeof done>[0], undefined as Response),
    );
  };
}

/** An error with an id means that the resource exists, and is not as it should be. */
function partialFailure(error: unknown): unknown {
  const { message, id, properties, reasons } = error as Error & {
    id?: string;
    properties?: Properties;
    reasons?: string[];
  };
  const metadata = new Metadata();
  if (id) {
    const detail = new messages.ErrorResourceInitFailed().setId(id).setReasonsList(reasons ?? []);
    detail.setProperties(struct(properties ?? {}));
    const packed = new any.Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const details = new statuses.Status().setCode(status.UNKNOWN).setMessage(message);
    details.addDetails(packed);
    metadata.add("grpc-status-details-bin", Buffer.from(details.serializeBinary()));
  }
  return Object.assign(new Error(message), { code: status.UNKNOWN, metadata });
}

function plain(properties: structs.Struct | undefined): Properties {
  return properties?.toJavaScript() ?? {};
}

function struct(properties: Properties): structs.Struct {
  return structs.Struct.fromJavaScript(properties as Record<string, structs.JavaScriptValue>);
}
