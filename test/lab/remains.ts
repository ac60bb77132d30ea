import { existsSync, readdirSync, readFileSync } from "node:fs";
import { startTime } from "./processes.ts";

/**
 * The living processes that have to do with a lab, whatever it takes them for itself: those that name its
 * folder in their command line or environment.
 */
export function processesNaming(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => names(`/proc/${pid}/cmdline`, folder) || names(`/proc/${pid}/environ`, folder))
    .map(Number)
    .filter((pid) => startTime(pid) !== undefined);
}

/** What is left of a lab, in words; empty when nothing is. */
export function remains(folder: string, others: readonly number[] = []): string[] {
  const processes = [...processesNaming(folder), ...others.filter((pid) => startTime(pid) !== undefined)];
  return [...processes.map((pid) => `process ${pid}`), ...(existsSync(folder) ? [`folder ${folder}`] : [])];
}

function names(file: string, folder: string): boolean {
  try {
    return readFileSync(file, "latin1").includes(folder);
  } catch {
    return false;
  }
}
