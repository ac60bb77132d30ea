import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { ListRequest, ListResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import { heldPipe } from "../engine/hosts/held-pipe.ts";
import { type Answer, type Fields, fieldsOf, methodOf, type Rpc, requestOf } from "./plugin-messages.ts";

/** The executable, as `npm run build` makes it. */
const PLUGIN = join(import.meta.dirname, "../../dist/plugin/pulumi-resource-libvirt-hotplug");

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A plugin process that a test talks to as the engine does. */
export interface PluginProcess {
  child: Child;
  client: ResourceProviderClient;
  port: number;
  /** All that it printed on its standard output, the port included. */
  stdout: () => string;
  stderr: () => string;
  /** Closes its standard input, as the end of the engine does. */
  closeStdin(): void;
  /** The exit code, or the signal that ended it. */
  exited: Promise<number | string | null>;
  call(rpc: Rpc, request: Fields): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startPlugin(
  engineAddress: string,
  env: Record<string, string | undefined> = process.env,
): Promise<PluginProcess> {
  const stdin = heldPipe();
  const child: Child = spawn(PLUGIN, [engineAddress], {
    env,
    stdio: [stdin.readEnd, "pipe", "pipe"],
  }) as Child;
  stdin.handedOver();
  let [out, err] = ["", ""];
  const exited = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string | null);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += String(chunk);
      if (out.includes("\n")) resolve(Number(out.split("\n")[0]));
    });
    child.stderr.on("data", (chunk) => {
      err += String(chunk);
    });
    child.once("exit", (code) => reject(new Error(`the plugin exited with ${code}: ${err}`)));
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    ...{ child, client, port, exited },
    stdout: () => out,
    stderr: () => err,
    closeStdin: stdin.close,
    call: (rpc, request) => call(client, rpc, request),
    stop: async () => {
      client.close();
      stdin.close();
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function call(client: ResourceProviderClient, rpc: Rpc, fields: Fields): Promise<Answer> {
  const request = requestOf(rpc, fields);
  if (rpc === "List") return list(client, request as ListRequest);
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response: object) =>
      resolve(
        error
          ? { error: { code: error.code, message: error.details } }
          : { response: fieldsOf(response) as Fields },
      );
    Reflect.get(client, methodOf(rpc)).call(client, request, done);
  });
}

/** The answers of the only call that is answered by a stream, as one. */
function list(client: ResourceProviderClient, request: ListRequest): Promise<Answer> {
  const results: unknown[] = [];
  return new Promise((resolve) => {
    client
      .list(request)
      .on("data", (answer: ListResponse) => results.push(fieldsOf(answer.getResult())))
      .on("error", (error: ServiceError) => resolve({ error: { code: error.code, message: error.details } }))
      .on("end", () => resolve({ response: { results } }));
  });
}
