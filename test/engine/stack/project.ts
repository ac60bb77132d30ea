import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Props, secret, type Value } from "./values.ts";

export interface Project {
  /** Absolute: where Pulumi.yaml is. */
  dir: string;
  name: string;
  /** What the program host loads: a file or a directory, relative to `dir`. */
  main: string;
  /** Whether the program host loads ts-node: slow, and the CLI's default. */
  typescript: boolean;
  /** Where the executables of resource plugins are, by package: absolute folders. */
  plugins: Record<string, string>;
}

/** A stack's configuration by full key (`project:key` or `namespace:key`). */
export interface Config {
  values: Record<string, string>;
  secretKeys: string[];
}

export function readProject(dir: string): Project {
  const text = readFileSync(join(dir, "Pulumi.yaml"), "utf8");
  const scalar = (key: string) => unquote(new RegExp(`^${key}:[ \\t]*(.+)$`, "m").exec(text)?.[1] ?? "");
  const name = scalar("name");
  if (name === "") throw new Error(`${join(dir, "Pulumi.yaml")} has no name`);
  const typescript = !/^ +typescript: +false\b/m.test(text);
  return { dir, name, main: scalar("main") || ".", typescript, plugins: pluginsIn(text, dir) };
}

/** The `plugins:` of Pulumi.yaml, as far as it lists providers by name and path. */
function pluginsIn(text: string, dir: string): Record<string, string> {
  const section = /^plugins:\n((?: .*\n?|\n)*)/m.exec(text)?.[1] ?? "";
  const entries = section.matchAll(/- +name: +(\S+)\n +path: +(.+)/g);
  return Object.fromEntries(
    [...entries].map(([, name = "", path = ""]) => [name, resolve(dir, unquote(path))]),
  );
}

/** The configuration of a package's default provider, by key without the namespace. */
export function packageConfig(config: Config, ofPackage: string): Props {
  const props: Props = {};
  for (const [key, value] of Object.entries(config.values)) {
    const [namespace, ...rest] = key.split(":");
    if (namespace === ofPackage) props[rest.join(":")] = marked(config, key, value);
  }
  return props;
}

/** The whole configuration, which providers of dynamic resources get. */
export function wholeConfig(config: Config): Props {
  const entries = Object.entries(config.values);
  return Object.fromEntries(entries.map(([key, value]) => [key, marked(config, key, value)]));
}

function marked(config: Config, key: string, value: string): Value {
  return config.secretKeys.includes(key) ? secret(value) : value;
}

/** The `config:` of Pulumi.<stack>.yaml as far as it is `key: scalar`, one a line. */
export function readStackConfig(project: Project, stack: string): Config {
  const file = join(project.dir, `Pulumi.${stack}.yaml`);
  const config: Config = { values: {}, secretKeys: [] };
  if (!existsSync(file)) return config;
  const lines = readFileSync(file, "utf8").split("\n");
  const start = lines.findIndex((line) => line.trimEnd() === "config:");
  if (start < 0) return config;
  for (const line of lines.slice(start + 1)) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    if (!line.startsWith(" ")) break;
    const entry = /^ +(?<key>[^\s#]+): +(?<value>\S.*)$/.exec(line)?.groups;
    if (!entry?.key || !entry.value || /^ +secure:/.test(line)) {
      throw new Error(
        `${file}: "${line.trim()}" is not of the form "key: value"; the small engine reads plain values only (pass secrets with setConfig)`,
      );
    }
    config.values[configKey(project, entry.key)] = unquote(entry.value);
  }
  return config;
}

export function configKey(project: Project, key: string): string {
  return key.includes(":") ? key : `${project.name}:${key}`;
}

function unquote(scalar: string): string {
  const text = scalar.trim();
  const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(text)?.[2];
  return quoted ?? text.replace(/\s+#.*$/, "");
}
