import { existsSync, mkdtempSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { startTime } from "./processes.ts";

/** What the labs of one checkout share and keep: `LAB_CACHE`, or `.cache/lab` in the repository. */
export function cacheFolder(): string {
  return process.env.LAB_CACHE ?? join(import.meta.dirname, "..", "..", ".cache", "lab");
}

/**
 * The folder of that name in the cache. Where there is none, `fill` gets a folder to work in and returns that or
 * one inside it, to be kept; it appears in the cache complete or not at all. Of two processes that fill
 * at once, the slower finds it done.
 */
export async function cachedFolder(name: string, fill: (work: string) => Promise<string>): Promise<string> {
  const kept = join(cacheFolder(), name);
  if (existsSync(kept)) return kept;
  await mkdir(cacheFolder(), { recursive: true });
  await removeAbandonedWork();
  const work = mkdtempSync(join(cacheFolder(), `work-${process.pid}-`));
  try {
    const filled = await fill(work);
    // A folder for one's own work is closed to others; the cache may serve several users.
    await chmod(filled, 0o755);
    await rename(filled, kept).catch((error: unknown) => {
      if (!existsSync(kept)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return kept;
}

/** What a process that was killed left behind; an unpacked kernel is more than 100 MB. */
async function removeAbandonedWork(): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    const pid = /^work-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || startTime(Number(pid)) !== undefined) continue;
    await rm(join(cacheFolder(), name), { recursive: true, force: true });
  }
}
