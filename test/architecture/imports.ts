import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { GROUND, MAY_IMPORT } from "./may-import.ts";

/** The root of the repository. */
export const root = join(import.meta.dirname, "../..");

/** One import of a file. */
export interface Import {
  from: string;
  file: string;
  isType: boolean;
}

/** The imports of a file: paths from the root for our own files, else the module's name without its subpath. */
export function imports(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const statements = text.matchAll(/^(?:import|export) (type )?(?:[^;"']*? from )?"([^"]+)";/gm);
  const dynamic = text.matchAll(/\b(?:import|require)\(\s*"([^"]+)"\s*\)/g);
  return [
    ...[...statements].map(([, type, name = ""]) => ({ name, isType: type !== undefined })),
    ...[...dynamic].map(([, name = ""]) => ({ name, isType: false })),
  ].map(({ name, isType }) => ({
    file,
    isType,
    from: name.startsWith(".")
      ? normalize(join(dirname(file), name))
      : name.startsWith("node:")
        ? name
        : name
            .split("/")
            .slice(0, name.startsWith("@") ? 2 : 1)
            .join("/"),
  }));
}

/** Whether the rules of a room allow an import. */
export function isAllowed(
  room: string,
  { from, isType }: Import,
  mayImport: Record<string, string[]> = MAY_IMPORT,
): boolean {
  const rules = [`${room}/`, ...(room === "sdk" ? [] : GROUND), ...(mayImport[room] ?? [])];
  return rules.some((rule) => {
    const target = rule.replace(/^type:/, "");
    if (rule.startsWith("type:") && !isType) return false;
    return from === target || from.startsWith(target.endsWith("/") ? target : `${target}/`);
  });
}
