import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const BUILD = join(import.meta.dirname, "../../scripts/build.ts");

/** Brings dist up to date, for tests of what is published. */
export async function buildPackage(): Promise<void> {
  await promisify(execFile)(process.execPath, [BUILD]);
}
