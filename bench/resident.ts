import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { KIB_PER_MIB } from "../provider/units/kib.ts";

/** What the process takes now, or the most that it has taken so far (proc_pid_status(5)). */
type Field = "VmRSS" | "VmHWM";

/** Does something again and again during some work. */
export async function during<T>(work: () => Promise<T>, everyMs: number, look: () => void): Promise<T> {
  const timer = setInterval(look, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** In MiB, of the largest process in this folder with such a command line, whose arguments are separated by NUL. */
export function residentMib(dir: string, command: RegExp, field: Field = "VmRSS"): number | undefined {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const sizes = pids.map((pid) => {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== dir) return 0;
      if (!command.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"))) return 0;
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const [, kib = "0"] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
      return Number(kib) / KIB_PER_MIB;
    } catch {
      // It has ended meanwhile.
      return 0;
    }
  });
  const largest = Math.max(0, ...sizes);
  return largest === 0 ? undefined : largest;
}
