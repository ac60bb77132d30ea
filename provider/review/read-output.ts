import type { Readable } from "node:stream";
import { InputError } from "../command/command.ts";
import { readText, STANDARD_INPUT } from "../command/read-text.ts";

/** A preview of 1,000 changed domains is about 12 MB. A larger document would take more memory than a CI runner may have. */
const LARGEST_INPUT = 64 * 1024 * 1024;

/**
 * Reads what a command wrote, from a file or from standard input.
 *
 * @param output what writes it, e.g. "pulumi preview --json"
 * @throws InputError
 */
export async function readOutput(path: string, input: Readable, output: string): Promise<string> {
  const name = nameOf(path);
  const text = await readText(path, input, {
    name,
    mostBytes: LARGEST_INPUT,
    tooLarge:
      "; a preview of 1,000 changed domains is about 12 MB: run pulumi preview --json without --show-sames, or split the stack",
    notText: `; write the output of ${output} to it`,
  });
  if (text === "")
    throw new InputError(`${name} is empty; write the output of ${output} to it, and check its exit code`);
  return text;
}

/** A file or standard input in messages. */
export function nameOf(path: string): string {
  return path === STANDARD_INPUT ? "standard input" : `"${path}"`;
}
