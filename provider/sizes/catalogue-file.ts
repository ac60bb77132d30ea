import type { Readable } from "node:stream";
import { readText, readTextSync, STANDARD_INPUT, type TextForm } from "../command/read-text.ts";
import { foreignText } from "../foreign-text.ts";
import { parseDocument } from "./yaml-document.ts";

/** Room for a list of 50,000 VMs with their sizes. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Reads a YAML or JSON file, or standard input. It is data: nothing is known of its form.
 *
 * @throws InputError
 */
export async function readCatalogueInput(path: string, input: Readable): Promise<unknown> {
  return parseDocument(await readText(path, input, formOf(path)), nameOf(path));
}

/** The same of a file, for programs. @throws InputError */
export function readCatalogueFile(path: string): unknown {
  return parseDocument(readTextSync(path, formOf(path)), nameOf(path));
}

/** A file or standard input in messages. */
export function nameOf(path: string): string {
  return path === STANDARD_INPUT ? "standard input" : foreignText(path);
}

function formOf(path: string): TextForm {
  return {
    name: nameOf(path),
    mostBytes: MOST_BYTES,
    tooLarge: ", which is enough for 50,000 VMs; use a shorter file",
    notText: "; a catalogue is a YAML or JSON file",
  };
}
