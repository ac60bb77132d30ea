import { execFile } from "node:child_process";
import { cp, mkdir, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { INSTALL } from "./readme.ts";

const run = promisify(execFile);
const repository = join(import.meta.dirname, "../..");

/**
 * Runs the README's installation commands in a folder, with the names of its folders: a clone of this repository, and a
 * Pulumi program beside it.
 *
 * @param manifest the program's package.json, as it is before the installation
 * @returns the program's folder, and the tarball that was packed
 */
export async function installByReadme(
  folder: string,
  manifest: object,
): Promise<{ program: string; tarball: string }> {
  const clone = join(folder, "pulumi-libvirt-hotplug");
  const program = join(folder, "my-program");
  await copyOfRepository(clone);
  await mkdir(program);
  await writeFile(join(program, "package.json"), JSON.stringify(manifest));
  const env = { ...process.env, npm_config_prefer_offline: "true", npm_config_audit: "false" };
  await run("sh", ["-e", "-c", INSTALL], { cwd: folder, env });
  const { stdout } = await run("sh", ["-c", "echo *.tgz"], { cwd: clone });
  return { program, tarball: join(clone, stdout.trim()) };
}

/** What a clone would have, with uncommitted changes; its packages are those of this checkout, as hard links. */
async function copyOfRepository(clone: string): Promise<void> {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const { stdout } = await run("git", list, { cwd: repository, maxBuffer: 2 ** 26 });
  for (const path of stdout.split("\0").filter((path) => path !== "")) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await cp(join(repository, path), join(clone, path)).catch((error: NodeJS.ErrnoException) => {
      // Listed, but deleted in the work tree.
      if (error.code !== "ENOENT") throw error;
    });
  }
  const modules = await realpath(join(repository, "node_modules"));
  // Across file systems there are no hard links. The clone then installs its packages itself.
  await run("cp", ["--archive", "--link", modules, join(clone, "node_modules")]).catch(() => {});
}
