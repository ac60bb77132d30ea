// A validator for JSON Schema (draft 2020-12), with the keywords that Pulumi's metaschema uses.

type Schema = boolean | Record<string, unknown>;

/** Keywords without an effect on validity. */
const ANNOTATIONS = new Set(
  ["$schema", "$id", "$comment", "$defs", "title", "description", "desciption", "default", "format"].concat(
    "contentEncoding",
  ),
);

/**
 * What is wrong with a value, as `path: problem`.
 *
 * @throws Error for a keyword that this validator doesn't know
 */
export function violations(root: Record<string, unknown>, value: unknown): string[] {
  return problems(root, root, value, "#");
}

type Check = (argument: never, value: unknown, context: Context) => string[];

interface Context {
  root: Record<string, unknown>;
  /** The schema that has the keyword. */
  schema: Record<string, unknown>;
  path: string;
}

function problems(
  root: Record<string, unknown>,
  schema: Schema | undefined,
  value: unknown,
  path: string,
): string[] {
  if (schema === undefined || schema === true) return [];
  if (schema === false) return [`${path}: isn't allowed`];
  return Object.entries(schema).flatMap(([keyword, argument]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword} at ${path}`);
    return check(argument as never, value, { root, schema, path });
  });
}

const matches = ({ root, path }: Context, schema: Schema, value: unknown) =>
  problems(root, schema, value, path).length === 0;

const KEYWORDS: Record<string, Check> = {
  type: (types: string | string[], value, { path }) =>
    [types].flat().some((type) => hasType(type, value)) ? [] : [`${path}: isn't of type ${types}`],
  const: (wanted: unknown, value, { path }) => (value === wanted ? [] : [`${path}: isn't "${wanted}"`]),
  enum: (wanted: unknown[], value, { path }) =>
    wanted.includes(value) ? [] : [`${path}: isn't one of ${wanted}`],
  pattern: (pattern: string, value, { path }) =>
    typeof value !== "string" || new RegExp(pattern, "u").test(value) ? [] : [`${path}: isn't ${pattern}`],
  minLength: (least: number, value, { path }) =>
    typeof value !== "string" || value.length >= least ? [] : [`${path}: is too short`],
  minItems: (least: number, value, { path }) =>
    !Array.isArray(value) || value.length >= least ? [] : [`${path}: has too few items`],
  items: (schema: Schema, value, { root, path }) =>
    Array.isArray(value)
      ? value.flatMap((one, index) => problems(root, schema, one, `${path}[${index}]`))
      : [],
  required: (names: string[], value, { path }) =>
    isRecord(value)
      ? names.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}: lacks ${name}`)
      : [],
  properties: (schemas: Record<string, Schema>, value, { root, path }) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([name, one]) => problems(root, schemas[name], one, `${path}.${name}`))
      : [],
  propertyNames: (schema: Schema, value, { root, path }) =>
    isRecord(value)
      ? Object.keys(value).flatMap((name) => problems(root, schema, name, `${path}: the name ${name}`))
      : [],
  additionalProperties: (schema: Schema, value, { root, schema: { properties = {} }, path }) =>
    isRecord(value)
      ? Object.entries(value)
          .filter(([name]) => !Object.hasOwn(properties as object, name))
          .flatMap(([name, one]) => problems(root, schema, one, `${path}.${name}`))
      : [],
  allOf: (schemas: Schema[], value, { root, path }) =>
    schemas.flatMap((schema) => problems(root, schema, value, path)),
  anyOf: (schemas: Schema[], value, context) =>
    schemas.some((schema) => matches(context, schema, value))
      ? []
      : [`${context.path}: has none of the forms`],
  oneOf: (schemas: Schema[], value, context) => {
    const found = schemas.filter((schema) => matches(context, schema, value)).length;
    return found === 1 ? [] : [`${context.path}: has ${found} of the forms instead of one`];
  },
  $ref: (reference: string, value, { root, path }) => problems(root, referred(root, reference), value, path),
};

function referred(root: Record<string, unknown>, reference: string): Schema {
  const definitions = root.$defs as Record<string, Schema>;
  const found = definitions[reference.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`${reference} isn't defined`);
  return found;
}

function hasType(type: string, value: unknown): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isRecord(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
