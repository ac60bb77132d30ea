import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../test/lab/lab.ts";
import { copyProgram } from "../../test/package/linked-program.ts";

/** The demo's own copy of examples/web, with a stack's configuration for the lab. */
export interface Program {
  readonly folder: string;
  /** Where QEMU writes the VM's console. */
  readonly console: string;
  text(): string;
  /** Writes another size into the program, and gives the two lines of the edit. */
  editMemory(size: string): { before: string; after: string };
}

/** It lies in the lab's folder, and goes with it however the demo ends. */
export function copyOfExample(lab: Lab): Program {
  const folder = lab.file("web");
  const console = lab.file("web-1.console");
  copyProgram("examples/web", folder);
  const config = {
    "libvirt:uri": lab.uri,
    // KVM may be half there on a machine that is virtual itself; the lab does without it.
    "libvirt-hotplug:domainType": "qemu",
    "web:kernel": lab.guest.kernel,
    "web:initrd": lab.guest.initrd,
    "web:console": console,
  };
  const lines = Object.entries(config).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
  writeFileSync(join(folder, "Pulumi.dev.yaml"), `config:\n${lines.join("")}`);
  const file = join(folder, "index.ts");
  return {
    folder,
    console,
    text: () => readFileSync(file, "utf8"),
    editMemory: (size) => editMemory(file, size),
  };
}

function editMemory(file: string, size: string): { before: string; after: string } {
  const program = readFileSync(file, "utf8");
  const before = /^ *memory: .*$/m.exec(program)?.[0];
  if (before === undefined) throw new Error(`${file} has no line for the memory`);
  const after = before.replace(/"[^"]+"/, JSON.stringify(size));
  writeFileSync(file, program.replace(before, after));
  return { before, after };
}
