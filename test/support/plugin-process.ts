import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { heldPipe } from "../engine/hosts/held-pipe.ts";

/** The executable, as `npm run build` makes it. */
export const PLUGIN = join(import.meta.dirname, "../../dist/plugin/pulumi-resource-libvirt-hotplug");

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
  call<Name extends keyof Requests>(rpc: Name, request: Requests[Name]): Promise<Answer>;
  stop(): Promise<void>;
}

/** A message by the field names of provider.proto, as the recordings have it. */
export type Fields = Record<string, unknown>;
export type Answer = { response: Fields } | { error: { code: number; message: string } };

type Requests = Record<
  | "Handshake"
  | "GetPluginInfo"
  | "CheckConfig"
  | "DiffConfig"
  | "Configure"
  | "Check"
  | "Diff"
  | "Create"
  | "Read"
  | "Update"
  | "Delete"
  | "Cancel",
  Fields
>;

const REQUESTS: Record<string, new () => object> = {
  Handshake: messages.ProviderHandshakeRequest,
  CheckConfig: messages.CheckRequest,
  DiffConfig: messages.DiffRequest,
  Configure: messages.ConfigureRequest,
  Check: messages.CheckRequest,
  Diff: messages.DiffRequest,
  Create: messages.CreateRequest,
  Read: messages.ReadRequest,
  Update: messages.UpdateRequest,
  Delete: messages.DeleteRequest,
};

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

async function call(client: ResourceProviderClient, rpc: string, fields: Fields): Promise<Answer> {
  const Request = REQUESTS[rpc];
  const request = Request === undefined ? new empty.Empty() : filled(new Request(), fields);
  const method = `${rpc.charAt(0).toLowerCase()}${rpc.slice(1)}`;
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response: object) =>
      resolve(
        error
          ? { error: { code: error.code, message: error.details } }
          : { response: fieldsOf(response) as Fields },
      );
    Reflect.get(client, method).call(client, request, done);
  });
}

type Message = Record<string, (value?: unknown) => unknown>;

/** Fields that the recordings leave out, or have only a remark for. */
const NOT_SENT = new Set(["randomSeed", "resource_status_address", "resource_status_token", "old_views"]);

function filled(message: object, fields: Fields): object {
  const target = message as Message;
  for (const [field, value] of Object.entries(fields)) {
    if (NOT_SENT.has(field)) continue;
    const name = camel(field).toLowerCase();
    const all = Object.getOwnPropertyNames(Object.getPrototypeOf(message));
    const setter = all.find((each) => [`set${name}`, `set${name}list`].includes(each.toLowerCase()));
    const map = all.find((each) => each.toLowerCase() === `get${name}map`);
    if (map !== undefined) {
      const entries = target[map]?.() as { set(key: string, value: unknown): void };
      for (const [key, inner] of Object.entries(value as object)) entries.set(key, inner);
    } else if (setter !== undefined) target[setter]?.(isObject(value) ? structOf(value) : value);
  }
  return message;
}

function structOf(value: object): structs.Struct {
  return structs.Struct.fromJavaScript(value as Record<string, structs.JavaScriptValue>);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function camel(field: string): string {
  return field.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A message as the recordings have it. */
function fieldsOf(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(fieldsOf);
  if (!isObject(message)) return message;
  if ("toJavaScript" in message) return (message as structs.Struct).toJavaScript();
  if (!("toObject" in message)) return message;
  const found: Fields = {};
  for (const key of Object.keys((message as { toObject(): object }).toObject())) {
    const name = `get${key.charAt(0).toUpperCase()}${key.slice(1)}`;
    const value = (message as unknown as Message)[name]?.();
    if (key.endsWith("Map")) found[key.slice(0, -3)] = mapOf(value);
    else found[key.endsWith("List") ? key.slice(0, -4) : key] = fieldsOf(value);
  }
  return found;
}

function mapOf(value: unknown): Fields {
  const found: Fields = {};
  const entries = value as { forEach(take: (item: unknown, key: string) => void): void };
  entries.forEach((item, key) => {
    found[key] = fieldsOf(item);
  });
  return found;
}
