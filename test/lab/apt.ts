import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CommandOptions, run } from "./command.ts";

/** Where apt looks: options for its command line. Empty: the system's own package lists. */
export type AptLists = readonly string[];

export const SYSTEM_LISTS: AptLists = [];

// apt as root would step down to a user that can't write into a folder of ours.
const NO_SANDBOX = ["-o", "APT::Sandbox::User=root"];

/**
 * Fetches package lists of our own into `folder`, from the sources that the system names. Where the system's
 * lists are empty or too old this works for ordinary users too, and leaves the system as it is.
 *
 * @param architecture Debian's name of it (`arm64`), for packages of another one than the system's
 */
export async function fetchLists(
  folder: string,
  echo: NodeJS.WritableStream,
  architecture?: string,
): Promise<AptLists> {
  const state = join(folder, "state");
  const cache = join(folder, "cache");
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  const lists = [
    ...["-o", `Dir::State=${state}`, "-o", `Dir::State::lists=${join(state, "lists")}`],
    ...["-o", `Dir::Cache=${cache}`, "-o", "Dir::State::status=/var/lib/dpkg/status"],
    ...(architecture === undefined ? [] : ["-o", `APT::Architecture=${architecture}`]),
    // The system's own list of them would be read too.
    ...(architecture === undefined ? [] : ["-o", `APT::Architectures=${architecture}`]),
  ];
  await apt("apt-get", ["update"], lists, { echo });
  return lists;
}

/** A package's own record in the lists (`Version`, `Depends`, …); undefined when the lists don't have it. */
export async function packageRecord(name: string, lists: AptLists): Promise<string | undefined> {
  try {
    return await apt("apt-cache", ["show", "--no-all-versions", name], lists);
  } catch {
    return undefined;
  }
}

/** The names of the library packages (`lib…`) that a package depends on, directly and through libraries. */
export async function libraryPackages(name: string, lists: AptLists): Promise<string[]> {
  const kinds = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];
  const options = ["--recurse", ...kinds.map((kind) => `--no-${kind}`)];
  const tree = await apt("apt-cache", ["depends", ...options, name], lists);
  const dependencies = new Map<string, string[]>();
  let parent: string[] = [];
  for (const line of tree.split("\n")) {
    const dependency = /^ +\|?(?:Pre)?Depends: (lib\S+)$/.exec(line)?.[1];
    if (dependency !== undefined) parent.push(dependency);
    else if (/^\S/.test(line)) {
      parent = [];
      dependencies.set(line, parent);
    }
  }
  const found = new Set<string>();
  const visit = (from: string) => {
    for (const library of dependencies.get(from) ?? []) {
      if (found.has(library)) continue;
      found.add(library);
      visit(library);
    }
  };
  visit(name);
  return [...found];
}

/** Downloads packages into a folder. Needs no rights. */
export async function download(packages: readonly string[], folder: string, lists: AptLists): Promise<void> {
  await apt("apt-get", ["download", ...packages], lists, { cwd: folder });
}

function apt(program: string, args: readonly string[], lists: AptLists, options: CommandOptions = {}) {
  const env = { ...process.env, LC_ALL: "C" };
  return run(program, [...NO_SANDBOX, ...lists, ...args], { ...options, env });
}
