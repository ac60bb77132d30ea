import { describe, expect, test } from "vitest";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { type Args, BARE, opOf, type StackOnLab, said, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand, powerState, words } from "../support/virsh.ts";

const lab = labOfThisFile();

const everyDomain = async () => words(await lab().virsh("list", "--all", "--name")).sort();

const urnOf = (name: string) => `urn:pulumi:dev::live::pulumi-nodejs:dynamic/libvirt:Domain::${name}`;

/** A stack of one running domain, on Pulumi's CLI where there is one. */
async function running(args: Args = {}): Promise<StackOnLab> {
  const stack = await stackOnLab(lab(), { web: { ...BARE, name: "web", ...args } }, { on: ENGINE });
  await stack.apply();
  return stack;
}

describe("a replace that the provider didn't ask for", () => {
  test("--target-replace and --replace end with a running domain", async () => {
    const stack = await running();
    const pid = lab().qemuPid("web");
    const preview = await stack.preview({ replace: [urnOf("web")] });
    expect(preview.errors).toEqual([]);
    expect(said(preview, "web")).toContain("in that case it is shut down and recreated");
    expect(lab().qemuPid("web")).toBe(pid);

    const up = await stack.up({ replace: [urnOf("web")] });
    expect(up.errors).toEqual([]);
    expect(up.changes.replace ?? up.changes["create-replacement"]).toBe(1);
    expect(await everyDomain()).toEqual(["web"]);
    expect(lab().qemuPid("web")).toBeTypeOf("number");
    expect(lab().qemuPid("web")).not.toBe(pid);
    await stack.expectSettled();

    // With another program it begins like a create, which can't take the domain for its own.
    stack.edit("web", { memory: "300MiB" });
    const restarted = lab().qemuPid("web");
    const refused = await stack.up({ replace: [urnOf("web")] });
    expect(refused.errors.join("\n")).toContain("first run pulumi up without that");
    expect(lab().qemuPid("web")).toBe(restarted);
    await stack.apply();
    await stack.expectSettled();
  }, 400_000);

  test("puts the old domain back where the new one can't start", async () => {
    // Otherwise the provider itself asks for a replace, since that model can't be plugged.
    const stack = await running({ shutdownTimeout: 1, hotplug: { applyOn: "nextBoot" } });
    // libvirt passes a model that it doesn't know on to QEMU.
    stack.edit("web", {
      ...{ shutdownTimeout: 0, interfaces: [{ user: true, model: "nosuchnic" }] },
      options: { replaceOnChanges: ["shutdownTimeout"] },
    });
    const preview = await stack.preview();
    expect(said(preview, "web")).toContain("replace: the domain is deleted and recreated");
    const { ok, errors } = await stack.up();
    expect(ok).toBe(false);
    expect(errors.join("\n")).toContain("the old domain was put back and started");
    expect(await everyDomain()).toEqual(["web"]);
    expect(await powerState(lab(), "web")).toBe("running");
    stack.edit("web", { interfaces: undefined, options: {} });
    await stack.apply();
    await stack.expectSettled();
  }, 400_000);

  test("of a domain that somebody paused resumes it, to shut down", async () => {
    const stack = await running({ shutdownTimeout: 1 });
    await lab().virsh("suspend", "web");
    stack.edit("web", { arch: "aarch64", machine: "virt", cpu: "cortex-a57" });
    const preview = await stack.preview();
    expect(said(preview, "web")).toContain("the domain is paused (user): it is resumed first, to shut down");
    stack.edit("web", { arch: undefined, machine: undefined, cpu: undefined, memory: "300MiB" });
    const up = await stack.up();
    expect(up.errors).toEqual([]);
    // BARE boots nothing that could shut down.
    expect(said(up, "web")).toContain("the guest did not shut down within 1 s");
    expect(await powerState(lab(), "web")).toBe("running");
    await stack.expectSettled();
  }, 400_000);
});

test("an adopted domain isn't replaced, whatever asks for it", async () => {
  await defineByHand(
    lab(),
    "<domain type='qemu'><name>old</name><memory unit='MiB'>256</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk></devices></domain>",
  );
  await lab().virsh("start", "old");
  const base: Args = { memory: "256MiB", shutdownTimeout: 0, name: "old", adopt: true };
  const stack = await stackOnLab(lab(), { old: base }, { on: ENGINE });
  await stack.apply();
  const pid = lab().qemuPid("old");
  const definition = await lab().virsh("dumpxml", "old");

  stack.edit("old", { description: "x", options: { replaceOnChanges: ["description"] } });
  for (const adopt of [true, undefined]) {
    stack.edit("old", { adopt });
    for (const operation of ["preview", "up"] as const) {
      const { ok, errors } = await stack[operation]();
      expect(ok, operation).toBe(false);
      expect(errors.join("\n"), operation).toContain("adopted domains are never replaced; remove");
    }
  }
  stack.edit("old", { adopt: true, description: undefined, options: {} });
  const forced = await stack.up({ replace: [urnOf("old")] });
  expect(forced.errors.join("\n")).toContain("adopted domains are never replaced");

  expect(lab().qemuPid("old")).toBe(pid);
  expect(await lab().virsh("dumpxml", "old")).toBe(definition);
  const settled = await stack.up();
  expect(settled.errors).toEqual([]);
  expect(opOf(settled, "old")).toBe("same");
}, 400_000);

test("deleteBeforeReplace: false is refused by the preview", async () => {
  const stack = await running();
  const pid = lab().qemuPid("web");
  stack.edit("web", { memory: "300MiB", options: { deleteBeforeReplace: false } });
  for (const operation of ["preview", "up"] as const) {
    const { ok, stdout } = await stack[operation]();
    expect(ok, operation).toBe(false);
    expect(stdout, operation).toContain("doesn't support the resource option deleteBeforeReplace: false");
  }
  expect(lab().qemuPid("web")).toBe(pid);
});
