import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readProject, readStackConfig } from "./project.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "project-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const write = (file: string, lines: string[]) => writeFileSync(join(dir, file), `${lines.join("\n")}\n`);

test("the project is read from Pulumi.yaml", () => {
  write("Pulumi.yaml", [
    'name: "vms" # ours',
    "runtime:",
    "  name: nodejs",
    "  options:",
    "    typescript: false",
  ]);
  expect(readProject(dir)).toEqual({ dir, name: "vms", main: ".", typescript: false });
  write("Pulumi.yaml", ["name: vms", "runtime: nodejs", "main: src/index.ts"]);
  expect(readProject(dir)).toEqual({ dir, name: "vms", main: "src/index.ts", typescript: true });
});

test("a project without a name is refused", () => {
  write("Pulumi.yaml", ["runtime: nodejs"]);
  expect(() => readProject(dir)).toThrow(/has no name/);
});

test("the stack's configuration is read; a key without a namespace is the project's", () => {
  write("Pulumi.yaml", ["name: vms", "runtime: nodejs"]);
  const project = readProject(dir);
  expect(readStackConfig(project, "dev").values).toEqual({});
  write("Pulumi.dev.yaml", [
    "encryptionsalt: v1:x",
    "config:",
    "  # where",
    "  libvirt:uri: qemu:///system",
    '  size: "1003MiB"',
    "environment: none",
  ]);
  expect(readStackConfig(project, "dev").values).toEqual({
    "libvirt:uri": "qemu:///system",
    "vms:size": "1003MiB",
  });
});

test('what isn\'t "key: value" is refused by name', () => {
  write("Pulumi.yaml", ["name: vms", "runtime: nodejs"]);
  write("Pulumi.dev.yaml", ["config:", "  vms:password:", "    secure: v1:x"]);
  expect(() => readStackConfig(readProject(dir), "dev")).toThrow(/"vms:password:" is not of the form/);
});
