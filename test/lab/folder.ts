import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { endLabProcesses, startTime } from "./processes.ts";

/**
 * Labs lie directly in /tmp, whatever TMPDIR says: a unix socket's path holds 107 bytes, and libvirt adds up
 * to 85 to a guest agent's (`…/libvirt/qemu/channel/target/domain-…/org.qemu.guest_agent.0`).
 */
const ROOT = "/tmp";
const NAME = /^lv-(\d+)-\d+$/;

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Who the daemon runs as. libvirtd is unprivileged by its uid: for root it runs as nobody (Debian's 65534). */
export function daemonUser(): User {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? { uid: 65_534, gid: 65_534 } : { uid, gid };
}

/** Makes a new lab's folder, in the name of this process: `/tmp/lv-<pid>-<n>`. */
export function claimFolder(user: User): string {
  for (let n = 1; ; n++) {
    const folder = join(ROOT, `lv-${process.pid}-${n}`);
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") continue;
      throw error;
    }
    // A sweeper must find the whole note or none.
    writeFileSync(join(folder, "owner.new"), startTime(process.pid) ?? "");
    renameSync(join(folder, "owner.new"), join(folder, "owner"));
    chownSync(folder, user.uid, user.gid);
    return folder;
  }
}

/** Notes in a lab's folder that a process keeps it: as long as that lives, nobody sweeps the lab up. */
export function keepFolder(folder: string, pid: number): void {
  writeFileSync(join(folder, "keeper"), `${pid} ${startTime(pid)}`);
}

/** Ends what belongs to a lab and removes its folder. Can be repeated, and done by several at once. */
export async function removeLab(folder: string): Promise<void> {
  await endLabProcesses(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes the labs of this user whose owner is gone: where the watchdog was ended too. */
export async function sweepLabs(): Promise<void> {
  await Promise.all(abandonedLabs().map(removeLab));
}

/** The folders of this user's labs whose owner is gone. */
export function abandonedLabs(): string[] {
  const users = [daemonUser().uid, process.getuid?.()];
  return readdirSync(ROOT)
    .filter((name) => NAME.test(name))
    .map((name) => join(ROOT, name))
    .filter((folder) => users.includes(lstatSync(folder, { throwIfNoEntry: false })?.uid ?? Number.NaN))
    .filter((folder) => !hasOwner(folder) && !hasKeeper(folder));
}

function hasOwner(folder: string): boolean {
  const pid = NAME.exec(folder.slice(ROOT.length + 1))?.[1];
  const running = startTime(Number(pid));
  if (running === undefined) return false;
  try {
    return readFileSync(join(folder, "owner"), "utf8") === running;
  } catch {
    // Its owner is just making it.
    return true;
  }
}

function hasKeeper(folder: string): boolean {
  try {
    const [pid, started] = readFileSync(join(folder, "keeper"), "utf8").split(" ");
    return started !== undefined && startTime(Number(pid)) === started;
  } catch {
    return false;
  }
}
