import { chmodSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuestConsole } from "./console.ts";
import { type Lab, startLab } from "./lab.ts";
import { shutDown } from "./shut-down.ts";
import { waitUntil } from "./wait-until.ts";

const MIB = 1024;
const DOMAIN = "guest";

let lab: Lab;
let console: GuestConsole;
beforeAll(async () => {
  lab = await startLab();
  console = lab.console(lab.file("console.log"));
});
afterAll(() => lab?.stop());

/** Boots the guest with 512 MiB: four blocks of 128 MiB. */
async function boot(switches: string): Promise<void> {
  const xml = `
    <domain type='qemu'>
      <name>${DOMAIN}</name>
      <memory unit='MiB'>512</memory>
      <maxMemory unit='MiB' slots='4'>2048</maxMemory>
      <vcpu>1</vcpu>
      <cpu><numa><cell id='0' cpus='0' memory='512' unit='MiB'/></numa></cpu>
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        <kernel>${lab.guest.kernel}</kernel>
        <initrd>${lab.guest.initrd}</initrd>
        <cmdline>console=ttyS0 quiet ${switches}</cmdline>
      </os>
      <features><acpi/></features>
      <devices>
        <controller type='pci' model='pcie-root'/>
        ${"<controller type='pci' model='pcie-root-port'/>".repeat(8)}
        <serial type='file'><source path='${lab.file("console.log")}'/></serial>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
        <memballoon model='virtio'><stats period='1'/></memballoon>
      </devices>
    </domain>`;
  await lab.virsh("create", xmlFile("domain", xml));
  await console.waitFor(/GUEST memtotal_kb=\d+ online=4 offline=0 uptime=/);
}

/** Attaches 256 MiB: two blocks. */
async function attachDimm(): Promise<void> {
  const xml = "<memory model='dimm'><target><size unit='MiB'>256</size><node>0</node></target></memory>";
  await virsh("attach-device", xmlFile("dimm", xml), "--live");
}

function xmlFile(name: string, xml: string): string {
  const file = lab.file(`${name}.xml`);
  writeFileSync(file, xml);
  return file;
}

function virsh(command: string, ...args: string[]): Promise<string> {
  return lab.virsh(command, DOMAIN, ...args);
}

async function askAgent(command: string, args: object = {}): Promise<unknown> {
  const answer = await virsh("qemu-agent-command", JSON.stringify({ execute: command, arguments: args }));
  return JSON.parse(answer).return;
}

/** Makes an empty disk image of 8 MiB; QEMU reads it as another user. */
function image(name: string): string {
  const path = lab.file(name);
  writeFileSync(path, Buffer.alloc(8 * 1024 * 1024));
  chmodSync(path, 0o666);
  return path;
}

function agentAnswers(): Promise<unknown> {
  return waitUntil("the guest agent", () => askAgent("guest-ping").catch(() => undefined));
}

// Each group tells one story of one boot, in order.
describe("a guest that onlines memory by itself", () => {
  beforeAll(() => boot("memhp_default_state=online"));

  test("boots to user space and says what memory it has", () => {
    expect(console.memTotalKib()).toBeGreaterThan(256 * MIB);
    expect(console.memTotalKib()).toBeLessThan(512 * MIB);
    expect(console.text()).not.toContain("refused");
  });

  test("answers through the guest agent", async () => {
    expect(await agentAnswers()).toEqual({});
    expect(await askAgent("guest-get-memory-blocks")).toHaveLength(4);
  });

  test("counts its memory through the balloon", async () => {
    await waitUntil("the balloon's statistics", async () =>
      (await virsh("dommemstat")).includes(`available ${console.memTotalKib()}\n`),
    );
  });

  test("sees exactly the memory that is attached, and runs on", async () => {
    const before = { memory: console.memTotalKib() ?? 0, uptime: console.uptimeSeconds() ?? 0 };
    const qemu = lab.qemuPid(DOMAIN);
    await attachDimm();
    await console.waitFor(/ online=6 offline=0 /);
    expect(console.memTotalKib()).toBe(before.memory + 256 * MIB);
    expect(console.uptimeSeconds()).toBeGreaterThan(before.uptime);
    expect(console.text().match(/GUEST booted/g)).toHaveLength(1);
    expect(lab.qemuPid(DOMAIN)).toBe(qemu);
  });

  test("shows the disks and network cards that it has, with their link and address", async () => {
    const from = { after: console.text().length };
    const disk = (file: string, bus: string, dev: string) =>
      `<disk type='file'><driver name='qemu' type='raw'/><source file='${image(file)}'/><target dev='${dev}' bus='${bus}'/></disk>`;
    const card = (link: string) =>
      `<interface type='user'><mac address='52:54:00:00:00:07'/><model type='virtio'/><link state='${link}'/></interface>`;
    await virsh("attach-device", xmlFile("disk", disk("a.raw", "virtio", "vda")), "--live");
    await console.waitFor(/GUEST disks vda=8192\s/, from);
    await virsh("attach-device", xmlFile("card", card("up")), "--live");
    await console.waitFor(/GUEST nics eth0=52:54:00:00:00:07\/up\s/, from);
    await console.waitFor(/GUEST address eth0=10\.0\.2\.15\s/, from);
    await virsh("update-device", xmlFile("down", card("down")), "--live");
    await console.waitFor(/GUEST nics eth0=52:54:00:00:00:07\/down\s/, from);
    await virsh("detach-device", xmlFile("disk", disk("a.raw", "virtio", "vda")), "--live");
    await console.waitFor(/GUEST disks \s/, from);
  });

  test("runs on while its libvirtd is away", async () => {
    const qemu = lab.qemuPid(DOMAIN);
    expect(qemu).toBeTypeOf("number");
    await lab.stopDaemon();
    expect(lab.qemuPid(DOMAIN)).toBe(qemu);
    await expect(virsh("domstate")).rejects.toThrow(/failed to connect/);
    await lab.startDaemon();
    expect((await virsh("domstate")).trim()).toBe("running");
    expect(lab.qemuPid(DOMAIN)).toBe(qemu);
  });

  test("powers off when the power button is pressed", async () => {
    await shutDown(lab, DOMAIN, { mode: "acpi" });
    expect(console.text()).toMatch(/GUEST powering off/);
    expect(lab.qemuPid(DOMAIN)).toBeUndefined();
  });
});

describe("a guest that leaves memory offline", () => {
  beforeAll(() => boot("memhp_default_state=offline"));

  test("has it when the agent brings it online", async () => {
    const before = console.memTotalKib() ?? 0;
    await attachDimm();
    await console.waitFor(/ online=4 offline=2 /);
    expect(console.memTotalKib()).toBe(before);
    await agentAnswers();
    const blocks = await askAgent("guest-get-memory-blocks");
    const offline = (blocks as { "phys-index": number; online: boolean }[]).filter(({ online }) => !online); // qga
    await askAgent("guest-set-memory-blocks", {
      "mem-blks": offline.map((block) => ({ "phys-index": block["phys-index"], online: true })),
    });
    await console.waitFor(/ online=6 offline=0 /);
    expect(console.memTotalKib()).toBe(before + 256 * MIB);
  });

  test("reboots and powers off by the agent", async () => {
    const qemu = lab.qemuPid(DOMAIN);
    await virsh("reboot", "--mode", "agent");
    await console.waitFor(/GUEST rebooting.*GUEST agent started/s);
    expect(lab.qemuPid(DOMAIN)).toBe(qemu);
    await agentAnswers();
    await shutDown(lab, DOMAIN, { mode: "agent" });
    expect(console.text()).toMatch(/GUEST powering off/);
  });
});

describe("a guest told to be deaf", () => {
  beforeAll(() => boot("memhp_default_state=online lab.noacpi lab.noagent"));

  test("ignores the power button and has no agent", async () => {
    await virsh("shutdown", "--mode", "acpi");
    await attachDimm();
    // The guest has had all the time that it takes to find new memory.
    await console.waitFor(/ online=6 offline=0 /);
    expect(console.text()).not.toMatch(/GUEST (agent|powering off)/);
    await expect(askAgent("guest-ping")).rejects.toThrow(/not connected/);
  });
});
