import { Server, ServerCredentials } from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { PluginDependencies } from "./current-run.ts";
import { pluginService } from "./service.ts";

/** The engine's own limit (rpcutil.MaxRPCMessageSize). */
const MAX_MESSAGE = 400 * 1024 * 1024;

/** Serves the resource provider on a free port of the loopback interface. */
export async function servePlugin(dependencies: PluginDependencies): Promise<number> {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE,
    "grpc.max_send_message_length": MAX_MESSAGE,
  });
  server.addService(services.ResourceProviderService, pluginService(dependencies));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  return promise;
}
