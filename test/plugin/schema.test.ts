import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { FIELD_NAMES, FIELDS } from "../../provider/args/fields.ts";
import { CONFIGURATION_KEYS } from "../../provider/configuration.ts";
import { documentationOf, valueDescriptions } from "../../scripts/schema/documentation.ts";
import { packageSchema } from "../../scripts/schema/package-schema.ts";
import { TypeSpecs } from "../../scripts/schema/type-specs.ts";
import { DYNAMIC_TYPE } from "../../sdk/dynamic-type.ts";
import type { ProviderArgs } from "../../sdk/provider-args.ts";
import { ALWAYS_SECRET } from "../../sdk/secret-arguments.ts";
import { violations } from "./json-schema.ts";
import metaschema from "./pulumi-metaschema/pulumi.json" with { type: "json" };

const text = readFileSync(join(import.meta.dirname, "../../provider/plugin/schema.json"), "utf8");

interface Property {
  description?: string;
  willReplaceOnChanges?: boolean;
}

interface Described {
  description?: string;
  properties: Record<string, Property>;
  required?: string[];
}

interface Resource extends Described {
  inputProperties: Record<string, Property>;
  requiredInputs: string[];
  aliases: { type: string }[];
}

const schema: {
  version: string;
  config: { variables: Record<string, Property> };
  types: Record<string, Described | { description?: string; enum: { value: string | number }[] }>;
  provider: Resource;
  resources: Record<string, Resource>;
} = JSON.parse(text);

const domain = schema.resources["libvirt-hotplug:index:Domain"] as Resource;

test("provider/plugin/schema.json is current: `npm run schema` writes it", () => {
  expect(`${JSON.stringify(packageSchema(), null, 2)}\n`).toBe(text);
});

test("the passwords are secret", () => {
  const { Graphics: graphics } = Object.fromEntries(
    Object.entries(schema.types).map(([token, type]) => [token.split(":").at(-1), type]),
  );
  expect(graphics).toMatchObject({ properties: { password: { secret: true } } });
  expect(text.match(/"secret": true/g)).toHaveLength(ALWAYS_SECRET.length);
});

test("its version is the package's", () => {
  expect(schema.version).toBe(manifest.version);
});

describe("Pulumi's metaschema", () => {
  test("is met", () => {
    expect(violations(metaschema, schema)).toEqual([]);
  });

  const boot = "libvirt-hotplug:index:Boot";
  test.each<[string, (copy: Record<string, never>) => void, string]>([
    ["an unknown key", (copy) => Object.assign(copy, { foo: 1 }), "#.foo: isn't allowed"],
    [
      "a name that isn't a token",
      (copy) => Object.assign(copy.types as never as object, { Boot: copy.types?.[boot] }),
      "#.types: the name Boot: isn't ",
    ],
    [
      "an unknown type",
      (copy) =>
        Object.assign(copy.provider as never as object, { inputProperties: { uri: { type: "text" } } }),
      "#.provider.inputProperties.uri: has 0 of the forms instead of one",
    ],
    [
      "a missing key",
      (copy) =>
        Object.assign(copy.provider as never as object, {
          inputProperties: { uri: { type: "string", defaultInfo: {} } },
        }),
      "#.provider.inputProperties.uri.defaultInfo: lacks environment",
    ],
  ])("refuses %s", (_, change, problem) => {
    const copy = structuredClone(schema) as never;
    change(copy);
    expect(violations(metaschema, copy).join("\n")).toContain(problem);
  });
});

test("every reference leads to a type", () => {
  const references = [...text.matchAll(/"\$ref": "([^"]*)"/g)].map(([, reference = ""]) => reference);
  expect(references.length).toBeGreaterThan(10);
  const dangling = references.filter((one) => !Object.hasOwn(schema.types, one.replace("#/types/", "")));
  expect(dangling).toEqual([]);
});

test("every type is used", () => {
  const unused = Object.keys(schema.types).filter((token) => !text.includes(`"$ref": "#/types/${token}"`));
  expect(unused).toEqual([]);
});

test("its inputs are the arguments: all except the computed uuid", () => {
  expect(Object.keys(domain.inputProperties)).toEqual(FIELD_NAMES.filter((name) => name !== "uuid"));
});

test("its inputs that replace the domain are marked, by the table of what a change does", () => {
  const marked = Object.keys(domain.inputProperties).filter(
    (name) => domain.inputProperties[name]?.willReplaceOnChanges,
  );
  expect(marked).toEqual(FIELD_NAMES.filter((name) => FIELDS[name].change === "replace"));
});

test("every argument is an output, too", () => {
  expect(Object.keys(domain.properties)).toEqual(expect.arrayContaining(Object.keys(domain.inputProperties)));
});

test("its configuration has every key that the provider reads, for a stack and for an explicit provider", () => {
  // A dot can't be part of a name in a program: "hooksEnv" has the same meaning.
  const keys = CONFIGURATION_KEYS.filter((key) => !key.includes("."));
  expect(Object.keys(schema.config.variables).toSorted()).toEqual(keys.toSorted());
  expect(schema.provider.inputProperties).toEqual(schema.config.variables);
  const documented: Record<keyof ProviderArgs, Property> = schema.config.variables as never;
  expect(documented.uri).toHaveProperty("defaultInfo.environment", ["LIBVIRT_DEFAULT_URI"]);
});

test("what is required is there", () => {
  const objects = [domain, ...Object.values(schema.types)].filter((one) => "properties" in one);
  for (const { properties, required = [] } of objects) {
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(required));
  }
  expect(domain.requiredInputs).toEqual([]);
  expect(domain.required).toContain("memoryPlan");
  expect(domain.required).not.toContain("liveMemory");
});

test("stacks of the dynamic class move by an alias", () => {
  expect(domain.aliases).toEqual([{ type: DYNAMIC_TYPE }]);
});

test("no input has a default in the schema: an SDK would pass it on, and the stack's could never apply", () => {
  expect(text).not.toMatch(/"default":/);
});

test("each language has its example", () => {
  const languages = [...(domain.description ?? "").matchAll(/^```(\w+)\n/gm)].map(([, language]) => language);
  expect(languages).toEqual(["typescript", "python", "go", "yaml", "csharp"]);
});

describe("the documentation", () => {
  /** Every object with a description: properties, types, resources, and values that a list explains. */
  const described: [string, { description?: string }][] = [
    ["provider", schema.provider],
    ["domain", { description: domain.description?.replace(/\{\{% examples %\}\}.*$/s, "") ?? "" }],
    ...[
      ...Object.entries(schema.types).flatMap(([name, type]) => [
        [name, type] as [string, Property],
        ...properties(name, "properties" in type ? type.properties : {}),
      ]),
      ...properties("input", domain.inputProperties),
      ...properties("output", domain.properties),
      ...properties("config", schema.config.variables),
    ],
  ];

  test("has a sentence for everything", () => {
    const without = described.filter(([, { description }]) => !/\S.*[.…]\s*$/s.test(description ?? ""));
    expect(without).toEqual([]);
  });

  test("can be written as a comment and as Markdown in every language", () => {
    // Ends of comments, TSDoc's tags and Pulumi's shortcodes.
    const foreign = /\*\/|"""|\{@|^\s*@\w+|\{\{/m;
    expect(described.filter(([, { description = "" }]) => foreign.test(description))).toEqual([]);
    const unbalanced = described.filter(
      ([, { description = "" }]) => description.split("`").length % 2 === 0,
    );
    expect(unbalanced).toEqual([]);
  });

  function properties(owner: string, of: Record<string, Property>): [string, Property][] {
    return Object.entries(of).map(([name, property]) => [`${owner}.${name}`, property]);
  }
});

describe("TSDoc becomes Markdown", () => {
  const documented = (comment: string) => {
    const source = ts.createSourceFile("x.ts", `/**\n * ${comment}\n */\ntype X = string;`, 99, true);
    const [statement] = source.statements;
    if (statement === undefined) throw new Error("nothing is declared");
    return documentationOf(statement);
  };

  test.each([
    ["See {@link DomainArgs}.", "See `DomainArgs`."],
    ["See {@link DomainArgs.memory}.", "See `DomainArgs.memory`."],
    ["See {@link DomainArgs.memory | the argument}.", "See the argument."],
    ["See {@linkcode DomainArgs.memory | memory}.", "See `memory`."],
    ["See {@link https://libvirt.org/uri.html}.", "See <https://libvirt.org/uri.html>."],
    ["See {@link https://libvirt.org/uri.html | its URIs}.", "See [its URIs](https://libvirt.org/uri.html)."],
    ["Run:\n * ```sh\n * virsh list\n *\n * ls\n * ```", "Run:\n```sh\nvirsh list\n\nls\n```"],
    ["A list:\n * - `a`: one\n *   line;\n * - `b`", "A list:\n- `a`: one\n  line;\n- `b`"],
  ])("%s", (comment, description) => {
    expect(documented(comment)).toEqual({ description });
  });

  test("a deprecation and a default", () => {
    expect(documented("Old.\n * @deprecated Use {@link x}.\n * @defaultValue `3`")).toEqual({
      description: "Old.",
      deprecationMessage: "Use `x`.",
      default: 3,
    });
  });

  test.each(["Text.\n * @remarks More.", "Text {@inheritDoc X}."])(
    "what has no form in a schema is refused",
    (comment) => {
      expect(() => documented(comment)).toThrow("has no form in a schema");
    },
  );

  test("the values that a list explains", () => {
    const list = '`x`:\n- `"a"`: the first\n  of them;\n- `b`: a second.\n\nDefault: `"a"`: always.';
    expect([...valueDescriptions(list)]).toEqual([
      ["a", "The first of them."],
      ["b", "A second."],
    ]);
  });
});

describe("TypeScript's types become Pulumi's", () => {
  const specsOf = (code: string) =>
    new TypeSpecs("p", [ts.createSourceFile("x.ts", code, ts.ScriptTarget.ES2023, true)]);

  test.each([
    ["string", { type: "string" }],
    ["number", { type: "integer" }],
    ["boolean", { type: "boolean" }],
    ["Input<number | false>", { oneOf: [{ type: "integer" }, { type: "boolean" }] }],
    ["pulumi.Output<string | undefined>", { type: "string" }],
    ["Input<Input<string>[]>", { type: "array", items: { type: "string" } }],
    ["Size", { oneOf: [{ type: "string" }, { type: "number" }] }],
    ['Input<"a" | "b">', { $ref: "#/types/p:index:OwnerX" }],
    ["OtherArgs", { $ref: "#/types/p:index:Other" }],
    ['OtherArgs["y"]', { $ref: "#/types/p:index:OtherY" }],
    ['"pty" | OtherArgs', { oneOf: [{ type: "string" }, { $ref: "#/types/p:index:Other" }] }],
  ])("%s", (type, spec) => {
    const specs = specsOf(
      `type Size = string | number; interface OwnerArgs { x: ${type} } interface OtherArgs { y: Input<32 | 64> }`,
    );
    expect(specs.object("OwnerArgs").properties.x).toEqual(spec);
  });

  test("each value of an enumeration has its description, and a number has a name", () => {
    const specs = specsOf(
      'interface AArgs {\n/** Which:\n * - `"u-v"`: one. */\nx: "u-v" | "w";\n/** Width. */\ny?: 32 | 64 }',
    );
    expect(specs.object("AArgs").required).toEqual(["x"]);
    expect(specs.types).toEqual({
      "p:index:AX": {
        type: "string",
        description: "Which.",
        enum: [{ name: "UV", value: "u-v", description: "One." }, { value: "w" }],
      },
      "p:index:AY": {
        type: "integer",
        description: "Width.",
        enum: [
          { name: "Bits32", value: 32 },
          { name: "Bits64", value: 64 },
        ],
      },
    });
  });

  test.each(["any", "Unknown", "1 | 2", "() => void"])("%s is refused", (type) => {
    expect(() => specsOf(`interface AArgs { x: ${type} }`).object("AArgs")).toThrow(Error);
  });
});
