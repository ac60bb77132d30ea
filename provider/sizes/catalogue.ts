import type { CatalogueArgs, CatalogueSize } from "../../sdk/catalogue-args.ts";
import { readCatalogueFile } from "./catalogue-file.ts";
import { checkCatalogue } from "./check-catalogue.ts";
import { failureLines } from "./failure-lines.ts";

/**
 * Checks a catalogue of sizes, and returns the arguments that a domain of each size has.
 *
 * @throws Error with all reasons, unless every step that the catalogue promises is live by the planner's own rules
 */
export function catalogue<Name extends string>(args: CatalogueArgs<Name>): Record<Name, CatalogueSize> {
  return sizesOf(args, "the catalogue of sizes is refused") as Record<Name, CatalogueSize>;
}

/**
 * The same for a YAML or JSON file, which programs in other languages can share.
 *
 * @throws Error with all reasons
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
