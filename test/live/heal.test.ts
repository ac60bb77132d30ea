import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { bootLinux } from "../support/linux-guest.ts";
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

test("DIMMs that the guest never took are healed while it runs: taken out where they are in the way, ours plugged again", async () => {
  // A guest that is too busy to answer heals nothing: then a replace would hide it.
  const hotplug = { awaitGuest: 30, whenNotPossible: "error" } as const;
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "heal", "memhp_default_state=online", {
    hotplug,
  });
  await agentAnswers(lab(), "heal");

  // Somebody's DIMM of odd size, which libvirt calls attached: 768 MiB can't be had with it.
  await attachByHand(lab(), "heal", 100);
  stack.edit("heal", { memory: "768MiB" });
  const healing =
    "heal: take out dimm0 (a DIMM of 100 MiB in slot 0 at 0x100000000, not this provider's), which the guest never took, since its size is no multiple of the guest's memory block of 128 MiB; 768 MiB can't be had with dimm0: 612 → 512 MiB; hot-plug 256 MiB as 1 DIMM into slot 0";
  const grown = await stack.apply();
  expect(said(grown, "heal")).toContain(`info: live: ${healing}`);
  expect(grown.stdout).toContain(confirmedByAgent("attached 256 MiB in slot 0", "768 MiB"));
  await console.waitFor(/ online=6 offline=0 /);
  expect(console.memTotalKib()).toBe(atBoot + 256 * MIB);
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
      "warning: dimm1 (a DIMM of 100 MiB in slot 1 at 0x110000000, not this provider's): the guest never took it, since its size is no multiple of the guest's memory block of 128 MiB",
      "warning: ua-pulumi-dimm2 (a DIMM of 256 MiB in slot 2 at 0x116400000): the guest never took it, since its address is no multiple of the guest's memory block of 128 MiB",
    ].join("\n"),
  );
  stack.edit("heal", { memory: "1124MiB", hotplug: { ...hotplug, heal: false } });
  const explained = await stack.apply();
  expect(said(explained, "heal")).toContain("it stays so, as hotplug.heal is false");
  expect(console.memTotalKib()).toBe(atBoot + 256 * MIB);
  await stack.expectSettled();

  stack.edit("heal", { hotplug });
  const healed = await stack.apply();
  expect(said(healed, "heal")).toContain(
    "info: live: heal: plug ua-pulumi-dimm2 (a DIMM of 256 MiB in slot 2 at 0x116400000), which the guest never took, since its address is no multiple of the guest's memory block of 128 MiB, again at 0x118000000",
  );
  await console.waitFor(/ online=8 offline=0 /);
  expect(console.memTotalKib()).toBe(atBoot + 512 * MIB);
  expect(lab().qemuPid("heal")).toBe(pid);
  expect((await liveMemory(lab(), "heal")).memory).toBe(1124 * MIB);
  await stack.expectSettled();
});
