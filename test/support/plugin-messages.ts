import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";

/** A message by the field names of provider.proto, as the recordings have it. */
export type Fields = Record<string, unknown>;
export type Answer = { response: Fields } | { error: { code: number; message: string } };

const REQUESTS = {
  Handshake: messages.ProviderHandshakeRequest,
  Attach: plugin.PluginAttach,
  GetPluginInfo: empty.Empty,
  GetSchema: messages.GetSchemaRequest,
  CheckConfig: messages.CheckRequest,
  DiffConfig: messages.DiffRequest,
  Configure: messages.ConfigureRequest,
  Check: messages.CheckRequest,
  Diff: messages.DiffRequest,
  Create: messages.CreateRequest,
  Read: messages.ReadRequest,
  Update: messages.UpdateRequest,
  Delete: messages.DeleteRequest,
  List: messages.ListRequest,
  Cancel: empty.Empty,
};

export type Rpc = keyof typeof REQUESTS;

/** The method of a client or of a service. */
export function methodOf(rpc: Rpc): string {
  return `${rpc.charAt(0).toLowerCase()}${rpc.slice(1)}`;
}

export function requestOf(rpc: Rpc, fields: Fields): object {
  return filled(new REQUESTS[rpc](), fields);
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
    } else if (field === "autonaming" && isObject(value)) {
      target[setter ?? ""]?.(filled(new messages.CheckRequest.AutonamingOptions(), { ...value }));
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
export function fieldsOf(message: unknown): unknown {
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
