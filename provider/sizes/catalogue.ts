import type { CatalogueArgs, CatalogueSize } from "../../sdk/catalogue-args.ts";
import { readCatalogueFile } from "./catalogue-file.ts";
import { checkCatalogue } from "./check-catalogue.ts";
import { failureLines } from "./failure-lines.ts";

/**
 * Checks a catalogue of sizes, and returns the arguments that a domain of each size has.
 *
 * Each step that the catalogue promises is planned by the planner of `pulumi preview`. It checks the alignment, the memory block of a
 * Linux guest that was started with the size, the slots on the longest path, the ceiling, and the maximum of the vCPUs.
 *
 * @returns The arguments by the name of the size, in ascending order of memory and vCPUs. Names that are whole numbers, such as `10`,
 * are before all others, in numeric order, as in every JavaScript object
 * @throws Error with all reasons at once, if an argument is invalid or a promised step isn't live
 */
export function catalogue<Name extends string>(args: CatalogueArgs<Name>): Record<Name, CatalogueSize> {
  return sizesOf(args, "the catalogue of sizes is refused") as Record<Name, CatalogueSize>;
}

/**
 * Reads a catalogue of sizes from a YAML or JSON file, which programs in other languages can share, and checks it as `catalogue` does.
 *
 * @param path The file, relative to the working directory. At most 4 MiB, in UTF-8 or UTF-16, with one YAML document
 * @returns The arguments by the name of the size, in the order that `catalogue` has
 * @throws Error if the file can't be read or is not YAML or JSON; otherwise with all reasons at once, as `catalogue` does
 */
export function catalogueFile(path: string): Record<string, CatalogueSize> {
  return sizesOf(readCatalogueFile(path), `${path} is refused`);
}

function sizesOf(args: unknown, refused: string): Record<string, CatalogueSize> {
  const checked = checkCatalogue(args);
  if (checked.kind === "invalid" || checked.failures.length > 0)
    throw new Error(`${refused}:\n${failureLines(checked.failures)}`);
  return Object.fromEntries(checked.sizes);
}
