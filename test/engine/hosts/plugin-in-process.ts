import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Done } from "./answers.ts";
import type { PluginClient } from "./hosts.ts";

const METHODS = [
  ...["handshake", "getPluginInfo", "checkConfig", "diffConfig", "configure"],
  ...["check", "diff", "create", "update", "read", "delete", "cancel"],
];

/** Calls the service of a resource plugin in this process, without gRPC. */
export function callPlugin(service: UntypedServiceImplementation): PluginClient {
  const methods = METHODS.map((name) => {
    const handler = service[name] as (call: object, done: Done<unknown>) => void;
    return [name, (request: object, done: Done<unknown>) => handler({ request }, done)];
  });
  return Object.fromEntries(methods) as PluginClient;
}
