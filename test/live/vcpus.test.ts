import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { said } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** The numbers that virsh prints of a domain's vCPUs. */
async function vcpusByVirsh(name: string): Promise<Record<string, number>> {
  const count = async (...options: string[]) => Number(await lab().virsh("vcpucount", name, ...options));
  return {
    live: await count("--live", "--current"),
    nextBoot: await count("--config", "--current"),
    maximum: await count("--live", "--maximum"),
  };
}

/** The guest's own list, by its agent. */
async function vcpusOfGuest(name: string): Promise<number[]> {
  const reply = await lab().virsh("qemu-agent-command", name, '{"execute":"guest-get-vcpus"}');
  const { return: vcpus } = JSON.parse(reply) as { return: { "logical-id": number; online: boolean }[] };
  return vcpus.flatMap((vcpu) => (vcpu.online ? vcpu["logical-id"] : [])).sort();
}

test("memory and vCPUs of a running guest grow in one edit, confirmed by the guest", async () => {
  const args = { vcpus: 2, hotplug: { awaitGuest: 90 } };
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "grow", "memhp_default_state=online", args);
  await agentAnswers(lab(), "grow");
  await console.waitFor(/GUEST cpus=0-1\b/);
  expect(await vcpusByVirsh("grow")).toEqual({ live: 2, nextBoot: 2, maximum: 8 });

  stack.edit("grow", { memory: "768MiB", vcpus: 4 });
  const preview = await stack.preview();
  expect(said(preview, "grow")).toMatch(/live: 512 → 768 MiB, .*; vCPUs 2 → 4$/m);
  const grown = await stack.apply();
  expect(said(grown, "grow")).toContain("added 2 vCPUs; confirmed by the guest agent: 4 vCPUs online");

  await console.waitFor(/GUEST cpus=0-3\b/);
  expect(await vcpusOfGuest("grow")).toEqual([0, 1, 2, 3]);
  expect(await vcpusByVirsh("grow")).toEqual({ live: 4, nextBoot: 4, maximum: 8 });
  await hasMemTotal(console, atBoot + 256 * MIB);
  expect((await liveMemory(lab(), "grow")).memory).toBe(768 * MIB);
  expect((await nextBootMemory(lab(), "grow")).memory).toBe(768 * MIB);
  expect(await stack.outputsOf("grow")).toMatchObject({ guestVcpus: 4, vcpus: 4, maxVcpus: 8 });
  await stack.expectSettled();
  expect(lab().qemuPid("grow")).toBe(pid);
});

test("a removal that the guest doesn't finish is recorded, and no further change ends QEMU", async () => {
  const hotplug = { awaitGuest: 8, allowUnplug: true };
  const { stack, pid } = await bootLinux(lab(), "shrink", "", { vcpus: 3, hotplug });
  await agentAnswers(lab(), "shrink");
  stack.edit("shrink", { vcpus: 2 });
  const refused = await stack.up();
  // Under emulation the guest ejects the vCPU and QEMU drops it, but libvirt isn't told. With KVM this succeeds.
  expect(refused.ok).toBe(false);
  expect(refused.errors.join("\n")).toContain("no answer from the guest");
  for (const vcpus of [2, 4]) {
    stack.edit("shrink", { vcpus });
    const again = await stack.up();
    expect([again.ok, lab().qemuPid("shrink")]).toEqual([false, pid]);
    expect(again.errors.join("\n")).toContain("got no answer");
  }
});
