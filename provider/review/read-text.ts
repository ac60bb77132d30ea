import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { InputError } from "../command/command.ts";
import { messageOf } from "../message-of.ts";

/** A preview of 1,000 changed domains is about 12 MB. A larger document would take more memory than a CI runner may have. */
const LARGEST_INPUT = 64 * 1024 * 1024;

/** The name of standard input on a command line. */
export const STANDARD_INPUT = "-";

/**
 * Reads a whole text, from a file or from standard input.
 *
 * @param content what has to be written there
 * @throws InputError
 */
export async function readText(
  path: string,
  input: Readable,
  content: "pulumi preview --json" | "an earlier review --format json",
): Promise<string> {
  const what = path === STANDARD_INPUT ? "standard input" : `"${path}"`;
  const source = path === STANDARD_INPUT ? input : createReadStream(path);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > LARGEST_INPUT) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new InputError(`${what} can't be read: ${messageOf(error)}`);
  } finally {
    source.destroy();
  }
  if (size > LARGEST_INPUT)
    throw new InputError(
      `${what} is larger than ${LARGEST_INPUT / 1024 / 1024} MiB; a preview of 1,000 changed domains is about 12 MB: run pulumi preview --json without --show-sames, or split the stack`,
    );
  if (size === 0)
    throw new InputError(`${what} is empty; write the output of ${content} to it, and check its exit code`);
  return decode(Buffer.concat(chunks), what, content);
}

/** PowerShell's ">" writes UTF-16, by default in little-endian order. */
function encodingOf([first, second]: Buffer): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

function decode(bytes: Buffer, what: string, content: string): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${what} is not text in UTF-8 or UTF-16; write the output of ${content} to it`);
  }
}
