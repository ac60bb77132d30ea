import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { openStack } from "../engine/driver.ts";
import { copyProgram } from "./linked-program.ts";

/** The configuration that each example's README names. */
const examples = {
  web: { kernel: "/vmlinuz", initrd: "/initrd", console: "/tmp/console", disk: "/images/web-1.qcow2" },
  reserve: { kernel: "/vmlinuz", initrd: "/initrd", console: "/tmp/console" },
  fleet: { bridge: "br0", images: "/var/lib/libvirt/images" },
  rollout: { images: "/var/lib/libvirt/images", vms: '{ "web-1": "small", "db-1": "large" }' },
};

/** Previews an example with no hypervisor in reach; Pulumi's program host checks its types first. */
async function preview(name: keyof typeof examples, secrets: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "libvirt-hotplug-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "program");
  copyProgram(`examples/${name}`, program);
  const stack = await openStack({
    projectDir: program,
    stack: "dev",
    backendDir: join(folder, "state"),
    config: {
      ...examples[name],
      "libvirt:uri": `qemu:///system?socket=${join(folder, "nobody-listens")}`,
    },
    engine: "small",
  });
  for (const [key, value] of Object.entries(secrets)) await stack.setConfig(key, value, { secret: true });
  return stack.preview({ json: true });
}

test("examples/web previews one domain", async () => {
  const { errors, changes, outputs } = await preview("web");
  expect(errors).toEqual([]);
  expect(changes).toEqual({ create: 2 });
  expect(outputs).toEqual({ plan: expect.stringContaining("1003 MiB"), addresses: UNKNOWN });
});

test("examples/reserve previews a node that is empty at boot", async () => {
  const { errors, changes, outputs } = await preview("reserve");
  expect(errors).toEqual([]);
  expect(changes).toEqual({ create: 2 });
  expect(outputs).toEqual({ plan: expect.stringContaining("node 1 starts with 1 MiB") });
});

test("examples/fleet previews a domain for each of its sizes", async () => {
  const { errors, changes, outputs } = await preview("fleet");
  expect(errors).toEqual([]);
  expect(changes).toEqual({ create: 4 });
  const plan = (name: string, size: string) => expect.stringMatching(`^${name}: .*${size}`);
  expect(outputs).toEqual({
    plans: [plan("web-1", "2 GiB"), plan("web-2", "2 GiB"), plan("db-1", "8 GiB")],
    // Only a guest that has booted can tell.
    addresses: { "web-1": UNKNOWN, "web-2": UNKNOWN, "db-1": UNKNOWN },
  });
});

test("examples/rollout previews a domain for each VM of its configuration", async () => {
  const { errors, changes } = await preview("rollout");
  expect(errors).toEqual([]);
  expect(changes).toEqual({ create: 3 });
});

test("examples/rollout keeps the secrets of its configuration", async () => {
  const mark = "xyzzyplugh";
  const domain = JSON.stringify({
    description: `${mark} 1`,
    boot: { kernel: "/vmlinuz", commandLine: `token=${mark}` },
    interfaces: [{ user: true, name: mark }],
  });
  const { changes, errors, stdout, json } = await preview("rollout", { domain, images: `/${mark}` });
  expect({ changes, errors }).toEqual({ changes: { create: 3 }, errors: [] });
  const text = stdout + JSON.stringify(json);
  expect(text).toContain('"description":"[secret]"');
  expect(text).not.toContain(mark);
});

test("examples/rollout refuses VMs whose names would have to be secret", async () => {
  const { errors } = await preview("rollout", { vms: '{ "xyzzyplugh": "small" }' });
  expect(errors.join()).toContain("rollout:vms is a secret");
  expect(errors.join()).not.toContain("xyzzyplugh");
});
