import { readFileSync } from "node:fs";
import { waitUntil } from "./wait-until.ts";

/** What a guest says on its serial console, as QEMU writes it to a file. */
export interface GuestConsole {
  /** All of it so far; empty before the first start. Only whole lines: the last may still be under way. */
  text(): string;
  /**
   * Waits until the text matches. `after`: an offset into the text, to look only at what came later (take
   * `text().length` first). Default time-out: 60 s, an emulated guest boots in 3 to 10.
   */
  waitFor(pattern: RegExp, options?: { timeoutMs?: number; after?: number }): Promise<RegExpExecArray>;
  /** The guest's MemTotal by the last line in which it spoke of it, in KiB. */
  memTotalKib(): number | undefined;
  /** The guest's uptime by that line, in seconds. */
  uptimeSeconds(): number | undefined;
}

// As guest-init.sh prints it.
const MEMORY = /^.*GUEST memtotal_kb=(\d+) online=\d+ offline=\d+ uptime=([\d.]+)/gm;

export function guestConsole(path: string): GuestConsole {
  const text = () => {
    const all = readText(path);
    return all.slice(0, all.lastIndexOf("\n") + 1);
  };
  const lastMemory = () => [...text().matchAll(MEMORY)].at(-1);
  const figure = (value: string | undefined) => (value === undefined ? undefined : Number(value));
  return {
    text,
    waitFor: (pattern, { timeoutMs = 60_000, after = 0 } = {}) =>
      waitUntil(
        `${pattern} on the console ${path}`,
        () =>
          new RegExp(pattern.source, pattern.flags.replace("g", "")).exec(text().slice(after)) ?? undefined,
        { timeoutMs, intervalMs: 50, seen: () => text().slice(after).split("\n").slice(-30).join("\n") },
      ),
    memTotalKib: () => figure(lastMemory()?.[1]),
    uptimeSeconds: () => figure(lastMemory()?.[2]),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // QEMU makes the file when the domain starts.
    return "";
  }
}
