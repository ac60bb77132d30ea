import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type AptLists, download, fetchLists, libraryPackages, SYSTEM_LISTS } from "./apt.ts";
import { cachedFolder } from "./cache.ts";
import { run } from "./command.ts";
import { LabUnavailable } from "./packages.ts";

/**
 * A folder with the files of Debian packages, downloaded and unpacked but not installed: a package with a service would start
 * it. The libraries that the system doesn't have are among them, in `usr/lib/<architecture>` and `lib/<architecture>`.
 */
export async function unpackedPrograms(packages: readonly string[]): Promise<string> {
  return cachedFolder(`programs-${packages.join("-")}`, async (work) => {
    process.stderr.write(`lab: unpacking ${packages.join(", ")}\n`);
    const archives = await fetchWith(SYSTEM_LISTS, join(work, "archives"), packages).catch(async () => {
      // Empty lists, or lists so old that the archive has moved on.
      const lists = await fetchLists(join(work, "apt"), process.stderr);
      return fetchWith(lists, join(work, "archives-by-own-lists"), packages);
    });
    const root = join(work, "root");
    for (const file of await readdir(archives)) await run("dpkg", ["-x", join(archives, file), root]);
    return root;
  }).catch((error: unknown) => {
    throw new LabUnavailable(`Debian's packages ${packages.join(", ")} can't be downloaded: ${error}`);
  });
}

async function fetchWith(lists: AptLists, folder: string, packages: readonly string[]): Promise<string> {
  const libraries = await Promise.all(packages.map((name) => libraryPackages(name, lists)));
  const installed = await installedPackages();
  // The system's own must be used where they are: its libc belongs to its dynamic linker.
  const wanted = new Set(libraries.flat().filter((name) => !installed.has(name)));
  await mkdir(folder);
  await download([...packages, ...wanted], folder, lists);
  return folder;
}

async function installedPackages(): Promise<Set<string>> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's.
  const listed = await run("dpkg-query", ["--show", "--showformat", "${Package} ${db:Status-Status}\n"]);
  return new Set(listed.split("\n").flatMap((line) => /^(\S+) installed$/.exec(line)?.[1] ?? []));
}
