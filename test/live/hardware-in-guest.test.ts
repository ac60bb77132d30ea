import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { MIB } from "../support/live-lab.ts";
import { privilegedLabOfThisFile } from "../support/privileged-lab.ts";
import { memoryDevicesByQemu } from "../support/qemu.ts";
import { said } from "../support/stack-on-lab.ts";

const lab = privilegedLabOfThisFile({ tpm: true });
const TIMEOUT = 400_000;
const PAGE = 2 * MIB;

/** Huge pages of 2 MiB that nobody uses. */
function freeHugePages(): number {
  const folder = "/sys/kernel/mm/hugepages/hugepages-2048kB";
  const count = (name: string) =>
    existsSync(folder) ? Number(readFileSync(`${folder}/${name}`, "utf8")) : 0;
  return count("free_hugepages") - count("resv_hugepages");
}

/** Why libvirt can't have QEMU lock its memory: it raises the limit for locked memory, which takes CAP_SYS_RESOURCE. */
const cannotLock = (capabilitiesOf("self") & (1n << 24n)) === 0n && !isUnlimited("Max locked memory");
const WHY_NOT_LOCKED = "memory can't be locked here: root may not raise limits (CAP_SYS_RESOURCE)";

function capabilitiesOf(pid: string): bigint {
  const effective = /^CapEff:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return BigInt(`0x${effective ?? "0"}`);
}

function isUnlimited(limit: string): boolean {
  return new RegExp(`^${limit} +unlimited`, "m").test(readFileSync("/proc/self/limits", "utf8"));
}

/** What the process of a domain has, by a name of proc(5): "VmLck", "HugetlbPages"; in KiB. */
function memoryOf(domain: string, field: string): number {
  const status = readFileSync(`/proc/${lab().qemuPid(domain)}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
}

test("a guest with all of an ordinary VM's rest boots, and its shared memory grows", {
  timeout: TIMEOUT,
}, async () => {
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "desk", "memhp_default_state=online", {
    memoryBacking: { shared: true },
    tpm: { model: "crb" },
    watchdog: { action: "poweroff" },
    rng: { bytes: 1024 },
    video: { model: "vga" },
    graphics: { type: "vnc", listen: "127.0.0.1", password: "xyzzy1" },
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  await agentAnswers(lab(), "desk");
  const xml = await lab().virsh("dumpxml", "desk");
  for (const element of [/<access mode='shared'\/>/, /<tpm model='tpm-crb'>/, /<watchdog /])
    expect(xml).toMatch(element);
  const answer = await lab().virsh("qemu-monitor-command", "desk", '{"execute":"query-tpm"}');
  expect(JSON.parse(answer).return).toMatchObject([{ model: "tpm-crb" }]);
  await stack.expectSettled();

  stack.edit("desk", { memory: "768MiB" });
  expect(said(await stack.preview(), "desk")).toMatch(/^info: live: 512 → 768 MiB/);
  await stack.apply();
  await hasMemTotal(console, atBoot + 256 * MIB);
  expect(await memoryDevicesByQemu(lab(), "desk")).toMatchObject([{ size: 256 * MIB }]);
  await stack.expectSettled();
  expect(lab().qemuPid("desk")).toBe(pid);
  expect(console.text().match(/GUEST booted/g)).toHaveLength(1);
});

test("locked memory grows in a running guest, and the DIMM is locked too", { timeout: TIMEOUT }, async ({
  skip,
}) => {
  skip(cannotLock, WHY_NOT_LOCKED);
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "locked", "memhp_default_state=online", {
    ...{ memoryBacking: { shared: true, locked: true }, agent: false },
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  expect(memoryOf("locked", "VmLck")).toBeGreaterThanOrEqual(512 * MIB);
  stack.edit("locked", { memory: "768MiB" });
  await stack.apply();
  await hasMemTotal(console, atBoot + 256 * MIB);
  expect(memoryOf("locked", "VmLck")).toBeGreaterThanOrEqual(768 * MIB);
  await stack.expectSettled();
  expect(lab().qemuPid("locked")).toBe(pid);
});

test("memory in huge pages is shared, locked where that is allowed, and grows by huge pages", {
  timeout: TIMEOUT,
}, async ({ skip }) => {
  const wanted = (768 * MIB) / PAGE;
  const free = freeHugePages();
  skip(
    free < wanted,
    `${wanted} free huge pages of 2 MiB are needed, and there are ${free}; sysctl vm.nr_hugepages=${wanted} as root makes them`,
  );
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "huge", "memhp_default_state=online", {
    memoryBacking: { hugePages: "2MiB", shared: true, ...(!cannotLock && { locked: true }) },
    agent: false,
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  expect(await lab().virsh("dumpxml", "huge")).toMatch(/<page size='2048' unit='KiB'\/>/);
  expect(memoryOf("huge", "HugetlbPages")).toBeGreaterThanOrEqual(512 * MIB);
  await stack.expectSettled();
  stack.edit("huge", { memory: "768MiB" });
  await stack.apply();
  await hasMemTotal(console, atBoot + 256 * MIB);
  expect(memoryOf("huge", "HugetlbPages")).toBeGreaterThanOrEqual(768 * MIB);
  await stack.expectSettled();
  // More than what is left of the pages.
  const steps = Math.floor((freeHugePages() * PAGE) / (256 * MIB)) + 1;
  stack.edit("huge", { memory: `${768 + steps * 256}MiB` });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(refused.errors.join("\n")).toMatch(
    /the host has only \d+ MiB in free pages of 2 MiB, less than the \d+ MiB to add; nothing was attached/,
  );
  stack.edit("huge", { memory: "768MiB" });
  await stack.apply();
  await stack.expectSettled();
  expect(lab().qemuPid("huge")).toBe(pid);
  expect(console.text().match(/GUEST booted/g)).toHaveLength(1);
});
