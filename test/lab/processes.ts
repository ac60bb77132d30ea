import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "./wait-until.ts";

/**
 * When a process started, in the kernel's ticks since boot; undefined when there is no such process (one that
 * has ended and waits for its parent counts as none). Pids are used again: with this, a pid names one process.
 */
export function startTime(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // proc(5): the second field is the program's name in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields[0], fields[19]];
  return state === "Z" || state === "X" ? undefined : started;
}

/**
 * The process that has a pid in a namespace, by its pid here.
 *
 * @param member a process of that namespace
 */
export function processInNamespace(member: number, pid: number): number | undefined {
  const namespaceOf = (one: number) => {
    try {
      return readlinkSync(`/proc/${one}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const namespace = namespaceOf(member);
  if (namespace === undefined) return undefined;
  return readdirSync("/proc")
    .map(Number)
    .find((one) => {
      if (Number.isNaN(one) || startTime(one) === undefined || namespaceOf(one) !== namespace) return false;
      // proc(5): its pid in each namespace that it is in, the innermost one last.
      const pids = /^NSpid:(.*)$/m.exec(readIfThere(`/proc/${one}/status`) ?? "")?.[1];
      return Number(pids?.trim().split(/\s+/).at(-1)) === pid;
    });
}

/** Notes in a lab's folder that a process belongs to it, so that it ends with the lab. */
export function registerProcess(folder: string, pid: number): void {
  const started = startTime(pid);
  if (started === undefined)
    throw new Error(`Unable to register process ${pid} with the lab: it doesn't run`);
  mkdirSync(pidFolder(folder), { recursive: true });
  writeFileSync(join(pidFolder(folder), `${pid}.pid`), `${pid} ${started}\n`);
}

/**
 * The processes that belong to a lab: those registered in its folder, and those whose HOME lies in it. The
 * latter are libvirtd and all that it starts. libvirt's own pid files lie in the folder too, but say less: a
 * QEMU writes its file some time after it has left libvirtd, and a file outlives its process.
 */
export function labProcesses(folder: string): number[] {
  return [...new Set([...registered(folder), ...livingIn(folder)])].filter((pid) => pid !== process.pid);
}

/** Ends every process of a lab, however many it still starts meanwhile. */
export async function endLabProcesses(folder: string): Promise<void> {
  let left: number[] = [];
  await waitUntil(
    `the processes of the lab ${folder} to end`,
    () => {
      left = labProcesses(folder);
      for (const pid of left) end(pid);
      return left.length === 0;
    },
    { seen: () => `processes ${left.join(", ")}` },
  );
}

function registered(folder: string): number[] {
  return list(pidFolder(folder)).flatMap((file) => {
    const [pid, started] = (readIfThere(join(pidFolder(folder), file)) ?? "").trim().split(" ");
    return started !== undefined && startTime(Number(pid)) === started ? [Number(pid)] : [];
  });
}

function livingIn(folder: string): number[] {
  return list("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const home = /(?:^|\0)HOME=([^\0]*)/.exec(readIfThere(`/proc/${pid}/environ`) ?? "")?.[1];
      return home !== undefined && `${home}/`.startsWith(`${folder}/`);
    })
    .map(Number);
}

function pidFolder(folder: string): string {
  return join(folder, "pids");
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A process, and its files with it, may go away at any time; other people's are not ours to read. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
