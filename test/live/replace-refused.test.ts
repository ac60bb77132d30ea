import { expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { type Args, BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand } from "../support/virsh.ts";

const lab = labOfThisFile();

test("up refuses a replace by a domain that libvirt would refuse, and QEMU runs on", async () => {
  const stack = await stackOnLab(lab(), { web: { ...BARE, name: "web" } });
  await stack.apply();
  await defineByHand(
    lab(),
    "<domain type='qemu'><name>taken</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>",
  );
  const pid = lab().qemuPid("web");
  expect(pid).toBeTypeOf("number");
  const definition = await lab().virsh("dumpxml", "web", "--inactive");
  const outputs = await stack.outputsOf("web");

  const changes: [Args, ...RegExp[]][] = [
    [
      { memory: "300MiB", machine: "pc-q35-99.9" },
      /machine "pc-q35-99.9" isn't supported .* \(supported: q35, pc, pc-q35-/,
    ],
    [{ memory: "300MiB", cpu: "NoSuchCpu" }, /cpu "NoSuchCpu" isn't supported .* \(supported: maximum, /],
    [
      { memory: "300MiB", cpu: "host-passthrough", vcpus: 4096 },
      /cpu "host-passthrough" isn't supported/,
      /vcpus 4096 isn't supported .* \(supported: up to \d+\)/,
    ],
    [{ arch: "s390x" }, /arch "s390x" isn't supported .* \(supported: .*x86_64/],
    [{ name: "taken" }, /the name "taken" is already used by domain /],
  ];
  for (const [change, ...reasons] of changes) {
    stack.edit("web", change);
    const { ok, errors } = await stack.up();
    const said = errors.join("\n");
    expect(ok, JSON.stringify(change)).toBe(false);
    for (const reason of reasons) expect(said).toMatch(reason);
    expect(said).toContain("refused: domain web can't be replaced and is left unchanged");
    expect(lab().qemuPid("web")).toBe(pid);
    expect(await lab().virsh("dumpxml", "web", "--inactive")).toBe(definition);
    expect(await stack.outputsOf("web")).toEqual(outputs);
    stack.edit("web", { ...BARE, name: "web", ...unnamed(change) });
  }

  // What was refused for its CPU only is what libvirt can do with another one.
  stack.edit("web", { memory: "300MiB", cpu: "qemu64" });
  await stack.apply();
  expect(lab().qemuPid("web")).not.toBe(pid);
});

/** Takes a change's arguments out of the program again; those of BARE and the name are set to theirs. */
function unnamed(change: object): object {
  const own = new Set(["name", ...Object.keys(BARE)]);
  return Object.fromEntries(Object.keys(change).flatMap((key) => (own.has(key) ? [] : [[key, undefined]])));
}
