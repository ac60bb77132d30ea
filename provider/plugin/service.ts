import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { CurrentRun, type PluginDependencies } from "./current-run.ts";
import { ProtocolError, serviceError } from "./failure.ts";
import { ProviderCalls } from "./provider-calls.ts";
import { ResourceCalls } from "./resource-calls.ts";

type Handler<Request, Answer> = (request: Request) => Answer | Promise<Answer>;

/** The resource provider's methods: those of Pulumi's protocol that this plugin has, and an error by name for each of the others. */
export function pluginService(dependencies: PluginDependencies): UntypedServiceImplementation {
  const run = new CurrentRun(dependencies);
  const provider = new ProviderCalls(run, dependencies);
  const resource = new ResourceCalls(run);
  const methods = Object.keys(services.ResourceProviderService);
  return {
    ...Object.fromEntries(methods.map((method) => [method, unary(() => refuse(method))])),
    handshake: unary(provider.handshake.bind(provider)),
    attach: unary(nothing(provider.attach.bind(provider))),
    getPluginInfo: unary(provider.getPluginInfo.bind(provider)),
    getSchema: unary(provider.getSchema.bind(provider)),
    checkConfig: unary(provider.checkConfig.bind(provider)),
    diffConfig: unary(provider.diffConfig.bind(provider)),
    configure: unary(provider.configure.bind(provider)),
    check: unary(resource.check.bind(resource)),
    diff: unary(resource.diff.bind(resource)),
    create: unary(resource.create.bind(resource)),
    read: unary(resource.read.bind(resource)),
    update: unary(resource.update.bind(resource)),
    delete: unary(nothing(resource.delete.bind(resource))),
    cancel: unary(nothing(() => run.cancel())),
    list: stream(resource.list.bind(resource)),
  };
}

/** Whatever a handler throws is the call's error: outside of one it would end the process, with all calls that run. */
function unary<Request, Answer>(handler: Handler<Request, Answer>): handleUnaryCall<Request, Answer> {
  return ({ request }, callback) => {
    void answerOf(handler, request).then(
      (answer) => callback(null, answer),
      (error) => callback(serviceError(error)),
    );
  };
}

function stream<Request, Answer>(
  handler: Handler<Request, Answer[]>,
): handleServerStreamingCall<Request, Answer> {
  return (call) => {
    void answerOf(handler, call.request).then(
      (answers) => {
        for (const answer of answers) call.write(answer);
        call.end();
      },
      (error) => call.emit("error", serviceError(error)),
    );
  };
}

async function answerOf<Request, Answer>(
  handler: Handler<Request, Answer>,
  request: Request,
): Promise<Answer> {
  return handler(request);
}

function nothing<Request>(handler: Handler<Request, void>): Handler<Request, empty.Empty> {
  return async (request) => {
    await handler(request);
    return new empty.Empty();
  };
}

/** The name as in Pulumi's provider.proto. */
function refuse(method: string): never {
  const name = `${method.charAt(0).toUpperCase()}${method.slice(1)}`;
  throw new ProtocolError(status.UNIMPLEMENTED, `libvirt-hotplug doesn't implement ${name}`);
}
