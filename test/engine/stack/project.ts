import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Project {
  /** Absolute: where Pulumi.yaml is. */
  dir: string;
  name: string;
  /** What the program host loads: a file or a directory, relative to `dir`. */
  main: string;
  /** Whether the program host loads ts-node: slow, and the CLI's default. */
  typescript: boolean;
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
  return { dir, name, main: scalar("main") || ".", typescript: !/^ +typescript: +false\b/m.test(text) };
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
