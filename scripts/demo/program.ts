import { appendFileSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../test/lab/lab.ts";
import { copyProgram } from "../../test/package/linked-program.ts";

/** The demo's own copy of one of the examples, with a stack's configuration for the lab. */
export interface Program {
  readonly folder: string;
  /** Where the stack's state is kept. */
  readonly backend: string;
  /** The VM's name. */
  readonly domain: string;
  /** Where QEMU writes the VM's console. */
  readonly console: string;
  text(): string;
  edit(change: ProgramChange): Edit;
}

/** Another size of the memory, other values of arguments, and an argument below the memory, in the place of one of that name. */
export interface ProgramChange {
  memory: string;
  values?: Record<string, string | number>;
  argument?: string;
}

/** The lines that went and the lines that came. */
export interface Edit {
  readonly before: string[];
  readonly after: string[];
}

const ROOT = join(import.meta.dirname, "../..");

/**
 * It lies in the lab's folder, and goes with it however the demo ends. `plugin`: its VM is a resource of the plugin, by a class
 * like that of an SDK generated from the schema.
 */
export function copyOfExample(
  lab: Lab,
  example: string,
  { domain, plugin }: { domain: string; plugin: boolean },
): Program {
  const folder = lab.file(example);
  const console = lab.file(`${domain}.console`);
  copyProgram(`examples/${example}`, folder);
  const config = {
    [plugin ? "libvirt-hotplug:uri" : "libvirt:uri"]: lab.uri,
    // KVM may be half there on a machine that is virtual itself; the lab does without it.
    "libvirt-hotplug:domainType": "qemu",
    [`${example}:kernel`]: lab.guest.kernel,
    [`${example}:initrd`]: lab.guest.initrd,
    [`${example}:console`]: console,
    [`${example}:disk`]: join(imageFolder(lab), `${domain}.qcow2`),
  };
  const lines = Object.entries(config).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
  writeFileSync(join(folder, "Pulumi.dev.yaml"), `config:\n${lines.join("")}`);
  const file = join(folder, "index.ts");
  if (plugin) usePlugin(folder, file);
  return {
    folder,
    backend: lab.file(`${example}.state`),
    domain,
    console,
    text: () => readFileSync(file, "utf8"),
    edit: (change) => edit(file, change),
  };
}

/** A folder in which the lab's libvirt may make images. */
function imageFolder({ file, user }: Lab): string {
  const folder = file("images");
  mkdirSync(folder, { recursive: true });
  chownSync(folder, user.uid, user.gid);
  return folder;
}

function usePlugin(folder: string, file: string): void {
  const plugins = `plugins:\n  providers:\n    - name: libvirt-hotplug\n      path: ${join(ROOT, "dist/plugin")}\n`;
  appendFileSync(join(folder, "Pulumi.yaml"), plugins);
  const classOf = JSON.stringify(join(ROOT, "test/support/plugin-domain.cjs"));
  writeFileSync(
    join(folder, "domain.js"),
    `exports.Domain = require(${classOf})(require("@pulumi/pulumi"));\n`,
  );
  writeFileSync(join(folder, "domain.d.ts"), 'export { Domain } from "pulumi-libvirt-hotplug";\n');
  const program = readFileSync(file, "utf8");
  writeFileSync(file, program.replace('from "pulumi-libvirt-hotplug"', 'from "./domain"'));
}

function edit(file: string, { memory, values = {}, argument }: ProgramChange): Edit {
  const edits = Object.entries(values).map(([name, value]) => setValue(file, name, value));
  const own = setMemory(file, memory, argument);
  return {
    before: [...own.before, ...edits.map(({ before }) => before)],
    after: [...own.after, ...edits.map(({ after }) => after)],
  };
}

/** Sets an argument in the line that has it. */
function setValue(file: string, name: string, value: string | number): { before: string; after: string } {
  const program = readFileSync(file, "utf8");
  const before = new RegExp(`^.*\\b${name}: .*$`, "m").exec(program)?.[0];
  if (before === undefined) throw new Error(`${file} has no line for ${name}`);
  const after = before.replace(new RegExp(`\\b(${name}: )("[^"]*"|\\d+)`), `$1${JSON.stringify(value)}`);
  writeFileSync(file, program.replace(before, after));
  return { before, after };
}

function setMemory(file: string, memory: string, argument: string | undefined): Edit {
  const program = readFileSync(file, "utf8");
  const line = /^ *memory: .*$/m.exec(program)?.[0];
  if (line === undefined) throw new Error(`${file} has no line for the memory`);
  const indent = /^ */.exec(line)?.[0] ?? "";
  const size = line.replace(/"[^"]+"/, JSON.stringify(memory));
  const after = argument === undefined ? [size] : [size, `${indent}${argument},`];
  const name = argument?.split(":")[0];
  const [old = ""] = (name && new RegExp(`^ *${name}: .*\n`, "m").exec(program)) || [];
  writeFileSync(file, program.replace(old, "").replace(line, after.join("\n")));
  return { before: old === "" ? [line] : [line, old.trimEnd()], after };
}
