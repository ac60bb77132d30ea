import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/**
 * Copies a program's folder, and links this checkout's package, its command and its @pulumi/pulumi into the copy as if
 * they were installed there. `source`: relative to the repository, such as `examples/web`.
 */
export function copyProgram(source: string, target: string): void {
  cpSync(join(root, source), target, {
    recursive: true,
    filter: (path) => !/\/(node_modules|Pulumi\.[^/]+\.yaml)$/.test(path.slice(root.length)),
  });
  const modules = join(target, "node_modules");
  mkdirSync(join(modules, "@pulumi"), { recursive: true });
  symlinkSync(root, join(modules, "pulumi-libvirt-hotplug"));
  mkdirSync(join(modules, ".bin"));
  symlinkSync("../pulumi-libvirt-hotplug/dist/cli/index.mjs", join(modules, ".bin/pulumi-libvirt-hotplug"));
  symlinkSync(join(root, "node_modules/@pulumi/pulumi"), join(modules, "@pulumi/pulumi"));
}
