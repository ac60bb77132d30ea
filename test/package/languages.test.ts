import { chownSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { hasMemTotal } from "../support/linux-guest.ts";
import { BOOT, labOfThisFile, MIB } from "../support/live-lab.ts";
import { attachByHand, defineByHand, liveMemory, powerState, words } from "../support/virsh.ts";
import { ALL_LANGUAGES, firstMissing, LanguageProgram } from "./language-program.ts";

/** The first time, Python's and npm's packages are fetched, and Go compiles Pulumi's SDK for some minutes. */
const FIRST_TIME = 1_800_000;

const lab = labOfThisFile();

const BY_HAND = `<domain type='qemu'>
  <name>hand-1</name>
  <maxMemory slots='8' unit='GiB'>2</maxMemory>
  <memory unit='MiB'>256</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0-1' memory='256' unit='MiB'/></numa></cpu>
</domain>`;

const MEMORY = "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart";
const GROWN = `${MEMORY}; vCPUs 2 → 4; disks[0] to 2 GiB`;

/** What the CLI counts at the end of an operation: `{ created: 2 }`. */
function counts(output: string): Record<string, number> {
  // Before an update it counts what is to be done.
  const summary = output.split("\nResources:\n").at(-1) ?? "";
  const lines = summary.matchAll(/^ +\D*(\d+) (to \w+|\w+)$/gm);
  return Object.fromEntries([...lines].map(([, count, what]) => [what, Number(count)]));
}

/** A folder in which the lab's libvirt may make images. */
function imageFolder(language: string): string {
  const folder = lab().file(`${language}.images`);
  mkdirSync(folder);
  chownSync(folder, lab().user.uid, lab().user.gid);
  return folder;
}

test.for(ALL_LANGUAGES)(
  "a program in %s, with the plugin from its tarball: created, grown while it runs, refreshed, replaced, with an import",
  { timeout: FIRST_TIME },
  async (language, { skip }) => {
    const missing = await firstMissing(language);
    if (missing !== undefined) skip(`${missing} is not on PATH`);
    const program = new LanguageProgram(language, { folder: lab().dir, home: join(lab().dir, "home") });
    const { kernel, initrd } = lab().guest;
    const log = lab().file(`${language}.console`);
    const disk = join(imageFolder(language), "data.qcow2");
    await program.install({
      ...{ "libvirt-hotplug:uri": lab().uri, "libvirt-hotplug:domainType": "qemu" },
      ...{ kernel, initrd, console: log, disk },
    });

    const { changeSummary, steps } = JSON.parse(await program.pulumi("preview", "--json"));
    expect(changeSummary).toEqual({ create: 2 });
    const planned = steps.map(({ newState }: { newState: object }) => newState);
    const commandLine = "console=ttyS0 memhp_default_state=online";
    expect(planned).toContainEqual(
      expect.objectContaining({
        type: "libvirt-hotplug:index:Domain",
        inputs: expect.objectContaining({
          ...{ memory: "1003MiB", maxMemory: "8192MiB", vcpus: 2, maxVcpus: 8, serial: { file: log } },
          disks: [expect.objectContaining({ name: "data", file: disk, onDelete: "delete" })],
          interfaces: [expect.objectContaining({ name: "lan", user: true })],
          reportAddresses: true,
          boot: { kernel, initrd, commandLine },
        }),
      }),
    );
    expect(counts(await program.pulumi("up", "--yes"))).toEqual({ created: 2 });
    const console = lab().console(log);
    await console.waitFor(/GUEST memtotal_kb/, BOOT);
    await agentAnswers(lab(), "web-1", BOOT);
    await console.waitFor(/GUEST disks vda=1048576\s/);
    await console.waitFor(/GUEST address eth0=10\.0\.2\.15/);
    const atBoot = console.memTotalKib() ?? 0;
    const pid = lab().qemuPid("web-1");

    program.edit("1003MiB", "1259MiB");
    program.setNumber("vcpus", 4);
    program.edit("1GiB", "2GiB");
    const preview = await program.pulumi("preview");
    expect(preview).toContain(GROWN);
    expect(preview.replace(/ +:/g, ":")).toContain(
      `plan: "starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB" => "${MEMORY}"`,
    );
    expect(counts(preview)).toEqual({ "to update": 1, unchanged: 1 });
    const grown = await program.pulumi("up", "--yes");
    expect(grown).toContain("confirmed by the guest agent: 1259 MiB");
    expect(counts(grown)).toEqual({ updated: 1, unchanged: 1 });
    await hasMemTotal(console, atBoot + 256 * MIB);
    await console.waitFor(/GUEST cpus=0-3\s/);
    await console.waitFor(/GUEST disks vda=2097152\s/);

    expect(counts(await program.pulumi("up", "--yes", "--expect-no-changes"))).toEqual({ unchanged: 2 });
    expect(lab().qemuPid("web-1")).toBe(pid);

    await attachByHand(lab(), "web-1", 256);
    expect(counts(await program.pulumi("refresh", "--yes"))).toEqual({ updated: 1, unchanged: 1 });
    program.edit("1259MiB", "1515MiB");
    const kept = await program.pulumi("up", "--yes");
    expect(counts(kept)).toEqual({ updated: 1, unchanged: 1 });
    const { addresses } = JSON.parse(await program.pulumi("stack", "output", "--json"));
    // QEMU's router announces an IPv6 address at any time.
    expect(addresses[0]).toMatchObject({ address: "10.0.2.15", family: "ipv4", source: "agent" });
    expect(lab().qemuPid("web-1")).toBe(pid);

    program.edit("1515MiB", "1300MiB");
    const replaced = await program.pulumi("up", "--yes");
    expect(counts(replaced)).toEqual({ replaced: 1, unchanged: 1 });
    expect(await liveMemory(lab(), "web-1")).toMatchObject({ memory: 1300 * MIB });
    expect(lab().qemuPid("web-1")).not.toBe(pid);
    // A guest that still boots would not shut down in the end.
    await agentAnswers(lab(), "web-1", BOOT);

    await defineByHand(lab(), BY_HAND);
    await lab().virsh("start", "hand-1");
    const byHand = lab().qemuPid("hand-1");
    await program.import("hand-1", "hand-1");
    expect(counts(await program.pulumi("up", "--yes", "--expect-no-changes"))).toEqual({ unchanged: 3 });

    expect(counts(await program.pulumi("destroy", "--yes"))).toEqual({ deleted: 3 });
    expect(words(await lab().virsh("list", "--all", "--name"))).toEqual(["hand-1"]);
    expect(await powerState(lab(), "hand-1")).toBe("running");
    expect(lab().qemuPid("hand-1")).toBe(byHand);
    expect(existsSync(disk)).toBe(false);
  },
);
