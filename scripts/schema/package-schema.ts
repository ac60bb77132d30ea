// The schema of the Pulumi package, from the types and the documentation of sdk/.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import manifest from "../../package.json" with { type: "json" };
import { FIELDS, isField } from "../../provider/args/fields.ts";
import { DYNAMIC_TYPE } from "../../sdk/dynamic-type.ts";
import { type ObjectSpec, type PropertySpec, TypeSpecs } from "./type-specs.ts";

const root = join(import.meta.dirname, "../..");

/** For ever: tokens, URNs, configuration keys and the name of the executable contain it. */
const NAME = "libvirt-hotplug";

const LISTED_HOST = "The libvirt URI of the host. Default: that of the provider.";

/** The schema, as the plugin answers GetSchema. */
export function packageSchema(): object {
  const specs = new TypeSpecs(NAME, globSync("sdk/**/*.ts", { cwd: root }).sort().map(parse));
  const inputs = specs.object("DomainArgs");
  const outputs = specs.object("Domain");
  const provider = specs.object("ProviderArgs");
  const configuration = withEnvironment(provider.properties);
  return {
    name: NAME,
    displayName: "libvirt hot-plug",
    version: manifest.version,
    description: manifest.description,
    keywords: [...manifest.keywords, "kind/native", "category/infrastructure"],
    license: manifest.license,
    // supportPack: the SDK for Go is a module of its own.
    meta: { moduleFormat: "(.*)", supportPack: true },
    config: { variables: configuration },
    types: sorted(specs.types),
    provider: {
      description: provider.description,
      inputProperties: configuration,
      type: "object",
    },
    resources: {
      [specs.token("Domain")]: {
        description: `${outputs.description}\n\n${examples()}`,
        properties: { ...mapped(inputs.properties, asOutput), ...outputs.properties },
        required: outputs.required,
        inputProperties: mapped(inputs.properties, markReplaced),
        requiredInputs: inputs.required,
        // Stacks of the dynamic class move to the plugin by it.
        aliases: [{ type: DYNAMIC_TYPE }],
        listInputs: {
          description: "The domains of a host.",
          type: "object",
          properties: { uri: { type: "string", description: LISTED_HOST } },
        },
        type: "object",
      },
    },
    language: languages(),
  };
}

/** The programs of docs/languages.md, of which Pulumi puts into each SDK that of its language. */
function examples(): string {
  const page = readFileSync(join(root, "docs/languages.md"), "utf8");
  const sections = page.slice(page.indexOf("\n### "));
  const blocks = sections.match(/^```\w+\n.*?^```$/gms) ?? [];
  const named = blocks.filter((block) => block.includes("web-1"));
  // The page names the file of each block.
  const programs = named.map((block) => block.replace(/^(.*\n)(?:#|\/\/) [\w.]+\n/, "$1"));
  return `{{% examples %}}\n## Example Usage\n\n{{% example %}}\n\n${programs.join("\n")}\n\n{{% /example %}}\n{{% /examples %}}`;
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.ES2023, true);
}

/** Only the URI: an SDK passes a default on, and would so hide that a program doesn't set the value. */
function withEnvironment(properties: ObjectSpec["properties"]): object {
  return { ...properties, uri: { ...properties.uri, defaultInfo: { environment: ["LIBVIRT_DEFAULT_URI"] } } };
}

function mapped(
  properties: ObjectSpec["properties"],
  change: (spec: PropertySpec, name: string) => object,
): object {
  return Object.fromEntries(Object.entries(properties).map(([name, spec]) => [name, change(spec, name)]));
}

/** In outputs, a size has its canonical form. */
function asOutput(spec: PropertySpec): PropertySpec {
  const isSize = "oneOf" in spec && spec.oneOf.some((one) => "type" in one && one.type === "number");
  if (!isSize) return spec;
  const { oneOf: _, ...documentation } = spec;
  return { type: "string", ...documentation };
}

function markReplaced(spec: PropertySpec, name: string): object {
  const replaces = isField(name) && FIELDS[name].change === "replace";
  return replaces ? { ...spec, willReplaceOnChanges: true } : spec;
}

/** Each SDK asks for the plugin of its own version. */
function languages(): object {
  const respectSchemaVersion = true;
  return {
    nodejs: {
      packageName: "pulumi-libvirt-hotplug-sdk",
      packageDescription: manifest.description,
      respectSchemaVersion,
    },
    python: {
      packageName: "pulumi_libvirt_hotplug",
      pyproject: { enabled: true },
      inputTypes: "classes-and-dicts",
      respectSchemaVersion,
    },
    go: {
      // As `pulumi package add` prints it for a package without a repository.
      importBasePath: "example.com/pulumi-libvirt-hotplug/sdk/go/libvirthotplug",
      generateResourceContainerTypes: true,
      respectSchemaVersion,
    },
    csharp: { namespaces: { [NAME]: "LibvirtHotplug" }, respectSchemaVersion },
    java: { buildFiles: "gradle" },
  };
}

function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
