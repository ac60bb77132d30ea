import { join } from "node:path";

/** What the labs of one checkout share and keep: `LAB_CACHE`, or `.cache/lab` in the repository. */
export function cacheFolder(): string {
  return process.env.LAB_CACHE ?? join(import.meta.dirname, "..", "..", ".cache", "lab");
}
