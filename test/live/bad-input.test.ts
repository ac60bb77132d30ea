import { expect, test } from "vitest";
import { onEachEngine } from "../support/engines.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { words } from "../support/virsh.ts";

const lab = labOfThisFile();

onEachEngine((on) => {
  test("bad arguments are all named at once, at their paths, in the preview, and nothing is made", async () => {
    const stack = await stackOnLab(
      lab(),
      {
        bad: {
          memory: "4GB",
          memorySlots: 257,
          hotplug: { alignment: "3MiB" },
          name: "a/b",
          disks: [{ file: "relative.qcow2" }],
          interfaces: [{ model: "virtio" }],
          uri: "xen:///system",
          xml: "<domain><devices></domain>",
          ...{ memry: "4GiB", currentMemory: "1GiB" },
        },
      },
      { on },
    );
    const schema = await stack.preview();
    expect(schema.ok).toBe(false);
    // As Pulumi prints them: with the value of a top-level argument, and none at a path below one.
    for (const problem of [
      'memory value {4GB} has a problem: is not a whole number of MiB; use "3814MiB" or "3815MiB"',
      "memorySlots value {257} has a problem: must be a whole number from 1 to 256",
      "hotplug.alignment value {<nil>} has a problem: is 3 MiB; it must be a power of two of at least 128 MiB",
      "name value {a/b} has a problem: must be 1 to 200 letters, digits",
      "disks[0].file value {<nil>} has a problem: must be an absolute path on the host where libvirt runs",
      "interfaces[0] value {<nil>} has a problem: must set exactly one of network, bridge and user: true",
      'memry value {4GiB} has a problem: is not an argument of Domain; did you mean "memory"?',
      "uri value {xen:///system} has a problem: ",
      "xml value {<domain><devices></domain>} has a problem: ",
    ])
      expect(schema.stdout).toContain(`property ${problem}`);

    const other = await stackOnLab(
      lab(),
      {
        bad: {
          memory: "8GiB",
          maxMemory: "4GiB",
          uri: "qemu:///session?sockt=/x",
          xml: "<domain><memory unit='MiB'>512</memory></domain>",
        },
      },
      { on },
    );
    const rules = await other.preview();
    expect(rules.ok).toBe(false);
    for (const problem of [
      "memory value {8GiB} has a problem: is 8192 MiB, above maxMemory (4096 MiB)",
      "xml value {<domain><memory unit='MiB'>512</memory></domain>} has a problem: has <memory> 512 MiB, but memory is 8192 MiB",
    ])
      expect(rules.stdout).toContain(`property ${problem}`);
    // The value of an option that libvirt doesn't have may be a password: the engine isn't to print it.
    expect(rules.stdout).toContain(
      'has a problem: uri is refused: libvirt URI "qemu:///session?sockt=…": unknown option "sockt"',
    );
    expect(rules.stdout).not.toContain("sockt=/x");
    expect(schema.stdout + rules.stdout).not.toContain("dist/provider");
    expect(words(await lab().virsh("list", "--all", "--name"))).toEqual([]);
  });
});

test("a change to bad arguments leaves the domain as it is", async () => {
  const stack = await stackOnLab(lab(), { kept: BARE });
  await stack.apply();
  const before = [lab().qemuPid("kept"), await lab().virsh("dumpxml", "kept", "--inactive")];
  stack.edit("kept", { memory: "4 GB of ram" });
  const { ok, stdout } = await stack.up();
  expect(ok).toBe(false);
  expect(stdout).toContain(
    'property memory value {4 GB of ram} has a problem: is not a valid size; use e.g. "4GiB"',
  );
  expect([lab().qemuPid("kept"), await lab().virsh("dumpxml", "kept", "--inactive")]).toEqual(before);

  // A URI where the same domain answers is a setting; another one is an error.
  stack.edit("kept", { memory: "256MiB", uri: `qemu:///session?socket=${lab().file("nobody.sock")}` });
  const moved = await stack.preview();
  expect(moved.ok).toBe(false);
  expect(moved.stdout).toMatch(/uri can't change from \S+ to \S+: domain kept .* must exist there too/);
  stack.edit("kept", { uri: `${lab().uri}&mode=legacy` });
  const again = await stack.apply();
  expect(again.changes).toEqual({ same: 1, update: 1 });
  expect([lab().qemuPid("kept"), await lab().virsh("dumpxml", "kept", "--inactive")]).toEqual(before);
  await stack.expectSettled();
});

test("a hypervisor that isn't there: previews of a creation need none, up says what is wrong", async () => {
  const stack = await stackOnLab(
    lab(),
    { nowhere: BARE },
    { config: { "libvirt:uri": `qemu:///session?socket=${lab().file("nobody.sock")}` } },
  );
  expect((await stack.preview()).errors).toEqual([]);
  const { ok, stdout } = await stack.up();
  expect(ok).toBe(false);
  expect(stdout).toMatch(
    /cannot connect to the libvirt daemon at \S+nobody.sock: the socket doesn't exist; is libvirtd/,
  );
  expect(await stack.find("nowhere")).toBeUndefined();
});
