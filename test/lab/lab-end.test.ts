import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { startBareDomain } from "./bare-domain.ts";
import { run } from "./command.ts";
import { abandonedLabs, removeLab, sweepLabs } from "./folder.ts";
import { guestImage } from "./guest-image.ts";
import { startLab } from "./lab.ts";
import { startTime } from "./processes.ts";
import { processesNaming, remains } from "./remains.ts";
import { waitUntil } from "./wait-until.ts";

interface OwnedLab {
  readonly owner: ChildProcess;
  readonly dir: string;
  readonly host: number;
  readonly qemu: number;
  /** The process that keeps the lab, where it is kept. */
  readonly keeper?: number;
}

/** Starts a process that owns a lab with a running domain and a registered process. */
async function labOwner({
  args = [],
  node = process.execPath,
  folder = import.meta.dirname,
  ...options
}: SpawnOptions & { args?: string[]; node?: string; folder?: string } = {}) {
  const script = join(folder, "lab-owner.ts");
  const owner = spawn(node, [script, ...args], { ...options, stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const lines: AsyncIterable<string> = createInterface(owner.stdout);
  for await (const line of lines) return { owner, ...JSON.parse(line) } as OwnedLab; // as lab-owner.ts says it
  throw new Error(`${script} ended before its lab was there`);
}

/**
 * The same as another user, from copies that such a user can read: this checkout, the cache and Node may all
 * lie in root's home.
 */
async function labOwnerAs(uid: number, gid: number): Promise<OwnedLab> {
  const folder = mkdtempSync(join(tmpdir(), "lab-of-another-user-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(import.meta.dirname, join(folder, "lab"), { recursive: true });
  cpSync(process.execPath, join(folder, "node"));
  const image = dirname((await guestImage()).kernel);
  const cache = join(folder, "cache");
  cpSync(image, join(cache, basename(image)), { recursive: true });
  await run("chown", ["--recursive", `${uid}:${gid}`, folder]);
  const env = { PATH: process.env.PATH, LAB_CACHE: cache };
  const [node, lab] = [join(folder, "node"), join(folder, "lab")];
  return labOwner({ uid, gid, env, cwd: folder, node, folder: lab });
}

const nothingLeft = (dir: string, others: number[] = []) =>
  waitUntil(`nothing to be left of ${dir}`, () => remains(dir, others).length === 0, {
    seen: () => remains(dir, others).join(", "),
  });

describe("a lab ends", () => {
  test("with stop(): nothing is left, and a second stop() does no harm", async () => {
    const lab = await startLab();
    await startBareDomain(lab, "bare");
    const qemu = lab.qemuPid("bare") ?? 0;
    expect(startTime(qemu)).toBeDefined();
    await lab.stop();
    expect(remains(lab.dir, [qemu])).toEqual([]);
    await lab.stop();
  });

  test("alone: another with a domain of the same name runs on", async () => {
    const [one, two] = await Promise.all([startLab(), startLab()]);
    onTestFinished(() => two.stop());
    onTestFinished(() => one.stop());
    await Promise.all([startBareDomain(one, "bare"), startBareDomain(two, "bare")]);
    const qemu = two.qemuPid("bare");
    expect(qemu).not.toBe(one.qemuPid("bare"));
    await one.stop();
    expect(two.qemuPid("bare")).toBe(qemu);
    expect((await two.virsh("domstate", "bare")).trim()).toBe("paused");
  });

  test("when its owner is killed with -9: no process and no folder is left", async () => {
    const { owner, dir, host, qemu } = await labOwner();
    expect(processesNaming(dir)).toContain(qemu);
    // libvirtd and its reaper, QEMU and the watchdog.
    expect(processesNaming(dir)).toHaveLength(4);
    expect(startTime(host)).toBeDefined();
    owner.kill("SIGKILL");
    await nothingLeft(dir, [host]);
  });

  test("when owner and watchdog are killed with -9: the next lab sweeps it up, and not before", async () => {
    const { owner, dir, host, qemu } = await labOwner();
    const watchdog =
      processesNaming(dir).find((pid) =>
        readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("watchdog.ts"),
      ) ?? 0;
    process.kill(watchdog, "SIGKILL");
    await waitUntil("the watchdog to be gone", () => startTime(watchdog) === undefined);
    await sweepLabs();
    expect(abandonedLabs()).not.toContain(dir);
    expect(startTime(qemu)).toBeDefined();
    owner.kill("SIGKILL");
    await once(owner, "exit");
    await sweepLabs();
    expect(remains(dir, [host])).toEqual([]);
  });

  test("when its keeper is told to, if it was kept: not with its owner, nor when others sweep up", async () => {
    const { owner, dir, host, qemu, keeper = 0 } = await labOwner({ args: ["keep"] });
    onTestFinished(() => removeLab(dir));
    owner.kill("SIGKILL");
    await once(owner, "exit");
    await (await startLab()).stop();
    expect([qemu, host, keeper].map((pid) => typeof startTime(pid))).toEqual(["string", "string", "string"]);
    process.kill(keeper, "SIGTERM");
    await nothingLeft(dir, [host]);
  });

  test("with the next sweep, if it was kept and owner and keeper are killed with -9", async () => {
    const { owner, dir, host, keeper = 0 } = await labOwner({ args: ["keep"] });
    for (const pid of [owner.pid ?? 0, keeper]) process.kill(pid, "SIGKILL");
    await once(owner, "exit");
    await waitUntil("the keeper to be gone", () => startTime(keeper) === undefined);
    await sweepLabs();
    expect(remains(dir, [host])).toEqual([]);
  });

  test("with stop(), if it was kept and its owner changed its mind", async () => {
    const lab = await startLab();
    await lab.keep();
    await lab.stop();
    expect(remains(lab.dir)).toEqual([]);
  });

  // Where the tests run as an ordinary user, all the others show it.
  test.runIf(process.getuid?.() === 0)("in the same way for an ordinary user", async () => {
    // Debian's `daemon`: libvirt wants a user that has a name.
    const { owner, dir, host, qemu } = await labOwnerAs(1, 1);
    expect(statSync(`/proc/${qemu}`).uid).toBe(1);
    expect(statSync(dir).uid).toBe(1);
    owner.kill("SIGKILL");
    await nothingLeft(dir, [host]);
  });
});
