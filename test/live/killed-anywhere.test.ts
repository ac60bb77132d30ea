import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitUntil } from "../lab/wait-until.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { type Args, BARE } from "../support/stack-on-lab.ts";
import { removeDomains, words } from "../support/virsh.ts";
import {
  type End,
  edit,
  endOf,
  expectSameEnd,
  expectSettledFleet,
  fleetOf,
  interrupted,
  member,
  type Operation,
  pointsUpTo,
  undisturbed,
} from "./interrupted-fleet.ts";
import { see } from "./oracle/seen.ts";

const RESTARTED = { ...BARE, forceOff: true, hotplug: { whenNotPossible: "restart" } } satisfies Args;

const OPERATIONS: Record<string, Operation> = {
  create: { change: { ...BARE, autostart: true } },
  growth: { before: BARE, change: { memory: "512MiB" }, keepsRunning: true },
  "growth by two DIMMs": {
    before: { ...BARE, hotplug: { maxDimmSize: "256MiB" } },
    change: { memory: "768MiB", vcpus: 2, description: "two" },
    keepsRunning: true,
  },
  "growth of a virtio-mem device": {
    before: { ...BARE, hotplug: { device: "virtio-mem", awaitGuest: false } },
    change: { memory: "512MiB" },
    keepsRunning: true,
  },
  "change of the nodes": {
    before: { ...BARE, hotplug: { whenNotPossible: "nextBoot" } },
    change: { memory: "600MiB", numa: [{ memory: "128MiB", cpus: "0" }, { memory: "128MiB" }] },
    keepsRunning: true,
  },
  deferral: {
    before: BARE,
    change: { memory: "300MiB", hotplug: { applyOn: "nextBoot" } },
    keepsRunning: true,
  },
  restart: { before: RESTARTED, change: { memory: "300MiB", vcpus: 2, machine: "pc-q35-7.1" } },
  replace: { before: BARE, change: { memory: "300MiB" } },
  "replace by another name": { before: BARE, change: { name: "renamed" } },
  "power off": { before: { ...BARE, forceOff: true }, change: { running: false, vcpus: 2 } },
  "power on": { before: { ...BARE, running: false }, change: { running: true, memory: "512MiB" } },
  removal: { before: BARE },
};

const lab = labOfThisFile();

test.for(Object.entries(OPERATIONS))(
  "%s: the connection is lost before or after any change: the next up ends where an undisturbed one does",
  { timeout: 300_000 },
  async ([, operation]) => {
    const run = await interrupted(lab(), operation);
    await expectSameEnd(lab(), operation, run);
    await expectSettledFleet(lab(), operation, run);
  },
);

/** What the program asks instead of the interrupted change: something else of every part. */
const OTHERWISE = { description: "another", vcpus: 3, machine: "pc-q35-7.2" } satisfies Args;

test.for(["create", "growth by two DIMMs", "restart", "replace"])(
  "%s: the connection is lost before or after any change, and the program asks something else: what was previewed is there",
  { timeout: 300_000 },
  async (name) => {
    const operation = OPERATIONS[name] ?? {};
    const { before = BARE } = operation;
    const { fleet, stack } = await interrupted(lab(), operation);
    for (const one of fleet) {
      one.proxy.restore();
      stack.drop(one.name);
      stack.edit(one.name, { ...before, ...OTHERWISE, uri: one.proxy.uri });
    }
    // The state of an interrupted update may announce less than what is needed: it says so, and a refresh shows it.
    const next = await stack.up({ continueOnError: true, parallel: fleet.length });
    if (!next.ok) {
      expect((await stack.refresh()).errors).toEqual([]);
      await stack.apply({ parallel: fleet.length });
    }
    const size = 256 * 1024;
    for (const { name: member, point } of fleet) {
      const { state, nextBoot, vcpus, xml, names } = await see(lab(), member);
      expect({ ...point, state, memory: nextBoot?.memory, vcpus: vcpus?.nextBoot }).toEqual({
        ...{ ...point, state: "running", memory: size, vcpus: 3 },
      });
      expect(xml?.nextBoot).toContain("<description>another</description>");
      expect(names.filter((one) => one.startsWith("pulumi-libvirt-hotplug-"))).toEqual([]);
    }
    await stack.expectSettled();
  },
);

/** What happens to the host at a change. It is undone before the next up. */
const DISASTERS: Record<string, (name: string) => Promise<(() => unknown) | undefined>> = {
  "QEMU is killed": async (name) => {
    const pid = lab().qemuPid(name);
    if (pid === undefined) return undefined;
    process.kill(pid, "SIGKILL");
    // Until then a refresh finds it running.
    return () =>
      waitUntil("libvirt to find that QEMU has ended", async () => {
        // A process that was killed may be there until its parent has asked for it.
        const isStartedAgain = ![undefined, pid].includes(lab().qemuPid(name));
        return isStartedAgain || !words(await lab().virsh("list", "--name")).includes(name);
      });
  },
  "the daemon is restarted": async () => {
    await lab().restartDaemon();
    return undefined;
  },
  // As with a full disk: libvirt can't write the file of a definition.
  "no definition can be written": async () => {
    const folder = join(lab().dir, "c/libvirt/qemu");
    chmodSync(folder, 0o500);
    return () => chmodSync(folder, 0o700);
  },
};

const STRUCK = ["growth", "restart", "replace", "change of the nodes"];

test.for(STRUCK.flatMap((name) => Object.keys(DISASTERS).map((disaster) => [name, disaster] as const)))(
  "%s: %s before or after any change: the update ends or says so, and the next up ends where it should",
  { timeout: 300_000 },
  async ([operationName, disaster]) => {
    const operation = OPERATIONS[operationName] ?? {};
    const { changes, end } = await undisturbed(lab(), operation);
    const strike = DISASTERS[disaster];
    for (const [index, { n, when }] of pointsUpTo(changes).entries()) {
      const one = await member(lab(), `s${index}`, operation);
      const stack = await fleetOf(lab(), [one]);
      let undo: (() => unknown) | undefined;
      const isStruck = one.proxy.atChange(n, when, async () => {
        undo = await strike?.(one.name);
      });
      edit(stack, one, operation);
      const struck = await stack.up();
      // The update may have ended before the daemon is back.
      expect(await isStruck(), `${when} change ${n}`).toBe(true);
      await undo?.();
      one.proxy.restore();
      // An update that succeeded did so before QEMU ended: only a refresh shows that.
      if (struck.ok) expect((await stack.refresh()).errors).toEqual([]);
      await stack.apply();
      const after = await endOf(lab(), one.name, operation);
      // A domain that was started again has what an undisturbed one would wait for.
      const expected = disaster === "QEMU is killed" ? afterStart(end) : end;
      expect({ n, when, ...totals(after) }).toEqual({ n, when, ...totals(expected) });
      await stack.expectSettled();
      expect((await see(lab(), one.name)).names).toEqual([one.name]);
      await removeDomains(lab());
    }
  },
);

/** A guest that was started again has as base memory what it had as DIMMs. */
function totals({ state, live, nextBoot, vcpus }: End): object {
  return { state, vcpus: vcpus?.nextBoot, live: live?.memory, nextBoot: nextBoot?.memory };
}

function afterStart({ nextBoot, ...end }: End): End {
  return nextBoot === undefined ? end : { ...end, nextBoot, live: nextBoot };
}
