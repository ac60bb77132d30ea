import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { said } from "../support/stack-on-lab.ts";
import { confirmedByAgent } from "../support/texts.ts";
import { attachByHand, attachXmlByHand, liveMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** A DIMM of ours as QEMU places it by itself: right behind the last one. */
const OURS = `<memory model='dimm'>
  <target><size unit='MiB'>256</size><node>0</node></target>
  <alias name='ua-pulumi-dimm2'/>
  <address type='dimm' slot='2'/>
</memory>`;

test("DIMMs that the guest rejected are repaired while it runs: removed where they are in the way, ours plugged again", async () => {
  // A guest that is too busy to answer heals nothing: then a replace would hide it.
  const hotplug = { awaitGuest: 30, whenNotPossible: "error" } as const;
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "heal", "memhp_default_state=online", {
    hotplug,
  });
  await agentAnswers(lab(), "heal");

  // Someone's DIMM of odd size, which libvirt calls attached: 768 MiB can't be reached with it.
  await attachByHand(lab(), "heal", 100);
  stack.edit("heal", { memory: "768MiB" });
  const repair = [
    "info: live: 612 → 768 MiB, repairs 1 DIMM and adds 1, no restart",
    "remove dimm0 (a 100 MiB DIMM in slot 0 at 0x100000000, not managed by this provider), which the guest rejected: its size is not a multiple of the guest's memory block of 128 MiB",
    "first 612 → 512 MiB: 768 MiB can't be reached with dimm0",
    "live: 512 → 768 MiB, one 256 MiB DIMM in slot 0 ",
  ].join("\n");
  const grown = await stack.apply();
  expect(said(grown, "heal")).toContain(repair);
  expect(grown.stdout).toContain(confirmedByAgent("attached 256 MiB in slot 0", "768 MiB"));
  await hasMemTotal(console, atBoot + 256 * MIB);
  expect(await stack.outputsOf("heal")).toMatchObject({
    memoryDevices: [{ alias: "ua-pulumi-dimm0", slot: 0, size: "256MiB", base: "0x100000000", taken: true }],
  });
  await stack.expectSettled();

  // One of ours right behind such a DIMM, as QEMU places it by itself.
  await attachByHand(lab(), "heal", 100);
  await attachXmlByHand(lab(), "heal", OURS, "--live");
  const refreshed = await stack.refresh();
  expect(said(refreshed, "heal")).toContain(
    [
      "warning: the guest rejected dimm1 (a 100 MiB DIMM in slot 1 at 0x110000000, not managed by this provider): its size is not a multiple of the guest's memory block of 128 MiB",
      "warning: the guest rejected ua-pulumi-dimm2 (a 256 MiB DIMM in slot 2 at 0x116400000): its address is not a multiple of the guest's memory block of 128 MiB",
    ].join("\n"),
  );
  stack.edit("heal", { memory: "1124MiB", hotplug: { ...hotplug, heal: false } });
  const explained = await stack.apply();
  expect(said(explained, "heal")).toContain("hotplug.heal is false, so it stays");
  expect(console.memTotalKib()).toBe(atBoot + 256 * MIB);
  await stack.expectSettled();

  stack.edit("heal", { hotplug });
  const healed = await stack.apply();
  expect(said(healed, "heal")).toContain(
    [
      "info: live: repairs 1 DIMM that the guest rejected, no restart",
      "re-plug ua-pulumi-dimm2 (a 256 MiB DIMM in slot 2 at 0x116400000) at 0x118000000, which the guest rejected: its address is not a multiple of the guest's memory block of 128 MiB",
    ].join("\n"),
  );
  await hasMemTotal(console, atBoot + 512 * MIB);
  expect(lab().qemuPid("heal")).toBe(pid);
  expect((await liveMemory(lab(), "heal")).memory).toBe(1124 * MIB);
  await stack.expectSettled();
});
