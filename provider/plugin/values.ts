import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Failure } from "../args/failure.ts";
import { SECRET, SIGNATURE } from "../args/secret-mark.ts";
import { UNKNOWN, UNKNOWNS } from "../args/unknown.ts";

export type Properties = Record<string, unknown>;

/** Other wrappings of Pulumi (sdk/go/common/resource): of an output, and of what isn't plain data. */
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const REFUSED: Record<string, string> = {
  "5cf8f73096256a8f31e491e813e4eb8e": "a resource",
  c44067f5952c0a294b673a41bacd8c17: "an asset",
  "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
};

/** Properties as they came through gRPC. */
export interface Received {
  /** Without wrappings: an unknown value is the marker UNKNOWN. */
  value: Properties;
  /** The paths of the secret values, such as `hotplug.before.command[1]`; inside of a secret value there is no further path. */
  secrets: string[];
  /** Values that this provider can't use. */
  failures: Failure[];
}

/** Pulumi's form of properties, as plain values. */
export function received(struct: structs.Struct | undefined): Received {
  const secrets: string[] = [];
  const failures: Failure[] = [];

  const plain = (value: structs.Value, path: string, isInSecret: boolean): unknown => {
    switch (value.getKindCase()) {
      case structs.Value.KindCase.NUMBER_VALUE:
        return value.getNumberValue();
      case structs.Value.KindCase.BOOL_VALUE:
        return value.getBoolValue();
      case structs.Value.KindCase.STRING_VALUE: {
        const text = value.getStringValue();
        return UNKNOWNS.has(text) ? UNKNOWN : text;
      }
      case structs.Value.KindCase.LIST_VALUE:
        return list(value).map((item, index) => plain(item, `${path}[${index}]`, isInSecret));
      case structs.Value.KindCase.STRUCT_VALUE:
        return unwrapped(fieldsOf(value.getStructValue()), path, isInSecret);
      default:
        return null;
    }
  };
  const unwrapped = (fields: Map<string, structs.Value>, path: string, isInSecret: boolean): unknown => {
    const signature = fields.get(SIGNATURE)?.getStringValue();
    const inner = fields.get("value");
    const isOutput = signature === OUTPUT;
    const isSecret = signature === SECRET || (isOutput && fields.get("secret")?.getBoolValue() === true);
    if (isSecret && !isInSecret) secrets.push(path);
    const isHidden = isSecret || isInSecret;
    if (signature === SECRET) return inner === undefined ? null : plain(inner, path, isHidden);
    // An output without a value isn't known yet.
    if (isOutput) return inner === undefined ? UNKNOWN : plain(inner, path, isHidden);
    const refused = signature === undefined ? undefined : REFUSED[signature];
    if (refused !== undefined) {
      failures.push({ property: path, reason: `must be plain data, but is ${refused}` });
      return null;
    }
    return object(fields, path, isInSecret);
  };
  const object = (fields: Map<string, structs.Value>, path: string, isInSecret: boolean): Properties =>
    Object.fromEntries(
      [...fields].map(([key, value]) => [
        key,
        plain(value, path === "" ? key : `${path}.${key}`, isInSecret),
      ]),
    );
  return { value: object(fieldsOf(struct), "", false), secrets, failures };
}

function list(value: structs.Value): structs.Value[] {
  return value.getListValue()?.getValuesList() ?? [];
}

function fieldsOf(struct: structs.Struct | undefined): Map<string, structs.Value> {
  const fields = new Map<string, structs.Value>();
  struct?.getFieldsMap().forEach((value: structs.Value, key: string) => {
    fields.set(key, value);
  });
  return fields;
}

/** Plain values and wrapped secrets as Pulumi's form of properties. What is undefined is absent. */
export function sent(properties: object): structs.Struct {
  const struct = new structs.Struct();
  for (const [key, value] of Object.entries(properties))
    if (value !== undefined) struct.getFieldsMap().set(key, wireValue(value));
  return struct;
}

function wireValue(value: unknown): structs.Value {
  const wire = new structs.Value();
  if (typeof value === "string") wire.setStringValue(value.toWellFormed());
  else if (typeof value === "number") wire.setNumberValue(value);
  else if (typeof value === "boolean") wire.setBoolValue(value);
  else if (Array.isArray(value)) {
    const items = new structs.ListValue();
    items.setValuesList(value.map(wireValue));
    wire.setListValue(items);
  } else if (typeof value === "object" && value !== null) wire.setStructValue(sent(value));
  else wire.setNullValue(structs.NullValue.NULL_VALUE);
  return wire;
}

/** A value wrapped as a secret. */
export function secret(value: unknown): Properties {
  return { [SIGNATURE]: SECRET, value };
}
