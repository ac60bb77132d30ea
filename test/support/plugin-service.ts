import type { ServiceError, UntypedServiceImplementation } from "@grpc/grpc-js";
import { hostClock } from "../../provider/deadline.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { pluginService } from "../../provider/plugin/service.ts";
import type { FakeHypervisor } from "./fake-hypervisor.ts";
import { type Answer, type Fields, fieldsOf, methodOf, type Rpc, requestOf } from "./plugin-messages.ts";

/** The plugin's service on one hypervisor, in this process and without gRPC, configured. */
export async function serviceOn(
  host: FakeHypervisor | Error,
): Promise<{ call(rpc: Rpc, fields: Fields): Promise<Fields>; said: string[] }> {
  const said: string[] = [];
  const log = {
    message: async (_urn: string, _severity: string, text: string) => {
      said.push(text);
    },
    status: async () => {},
  };
  const service = pluginService({
    connect: async (uri) => {
      if (host instanceof Error) throw new ConnectionError(`nobody answers at ${uri}`);
      return host;
    },
    ...{ engineLog: () => log, address: undefined, clock: hostClock, environment: {} },
    ...{ version: "0.1.0", schema: "{}" },
  });
  const call = async (rpc: Rpc, fields: Fields): Promise<Fields> => {
    const answer = await answerOf(service, rpc, fields);
    if ("error" in answer) throw new Error(`${rpc}: ${answer.error.message}`);
    return answer.response;
  };
  await call("Handshake", {});
  await call("Configure", { args: { uri: "qemu:///system" } });
  return { call, said };
}

function answerOf(service: UntypedServiceImplementation, rpc: Rpc, fields: Fields): Promise<Answer> {
  const handler = service[methodOf(rpc)] as (call: object, done: unknown) => void;
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response: object) =>
      resolve(
        error
          ? { error: { code: error.code, message: error.details } }
          : { response: fieldsOf(response) as Fields },
      );
    handler({ request: requestOf(rpc, fields) }, done);
  });
}
