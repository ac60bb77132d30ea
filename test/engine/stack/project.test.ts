import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageConfig, readProject, readStackConfig, wholeConfig } from "./project.ts";
import { secret } from "./values.ts";

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
  const plain = { dir, name: "vms", plugins: {} };
  expect(readProject(dir)).toEqual({ ...plain, main: ".", typescript: false });
  write("Pulumi.yaml", ["name: vms", "runtime: nodejs", "main: src/index.ts"]);
  expect(readProject(dir)).toEqual({ ...plain, main: "src/index.ts", typescript: true });
});

test("where plugins are is read from Pulumi.yaml, relative to it", () => {
  write("Pulumi.yaml", [
    "name: vms",
    "plugins:",
    "  providers:",
    "    - name: libvirt-hotplug",
    "      path: ./node_modules/there",
    "    - name: other",
    '      path: "/opt/other"',
    "runtime: nodejs",
  ]);
  expect(readProject(dir).plugins).toEqual({
    "libvirt-hotplug": join(dir, "node_modules/there"),
    other: "/opt/other",
  });
});

test("a package's default provider gets its part of the configuration, secrets marked", () => {
  const config = {
    values: { "libvirt-hotplug:uri": "qemu:///system", "libvirt-hotplug:password": "x", "vms:size": "1" },
    secretKeys: ["libvirt-hotplug:password"],
  };
  expect(packageConfig(config, "libvirt-hotplug")).toEqual({ uri: "qemu:///system", password: secret("x") });
  expect(Object.keys(wholeConfig(config))).toEqual(Object.keys(config.values));
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
