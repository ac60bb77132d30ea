import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import manifest from "../../package.json" with { type: "json" };

/** The oldest Node that package.json allows, exactly: "22.12.0" of ">=22.12". */
export const OLDEST_NODE = `${manifest.engines.node.replace(">=", "")}.0`;

/**
 * The executable of that Node, installed into the repository's cache: npm has each of Node's executables as a package.
 *
 * @throws where there is none for this platform, or the registry can't be reached
 */
export async function oldestNode(): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(import.meta.dirname, `../../.cache/node-${OLDEST_NODE}`);
  const executable = join(folder, "node_modules", name, "bin/node");
  if (!existsSync(executable)) {
    await mkdir(folder, { recursive: true });
    const options = ["--prefix", folder, "--no-save", "--no-audit", "--no-fund"];
    await promisify(execFile)("npm", ["install", ...options, `${name}@${OLDEST_NODE}`]);
  }
  return executable;
}
