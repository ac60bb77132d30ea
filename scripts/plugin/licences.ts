// The licences of the packages that the plugin's executable contains.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** @param modules the files that were bundled */
export async function thirdPartyLicences(modules: Iterable<string>): Promise<string> {
  const folders = new Set([...modules].flatMap((path) => packageFolder(path) ?? []));
  const texts = await Promise.all([...folders].map(licence));
  return texts.sort().join(`\n${"-".repeat(80)}\n\n`);
}

function packageFolder(path: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

async function licence(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((one) => /^(licen[cs]e|copying)/i.test(one));
  const text = file === undefined ? "" : `\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  return `${name} ${version} (${license})\n${text}`;
}
