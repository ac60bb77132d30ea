import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import type { Readable } from "node:stream";
import { foreignText } from "../foreign-text.ts";
import { messageOf } from "../message-of.ts";
import { InputError } from "./command.ts";

/** The name of standard input on a command line. */
export const STANDARD_INPUT = "-";

/** What a command reads. */
export interface TextForm {
  /** A file or standard input in messages. */
  name: string;
  mostBytes: number;
  /** What follows "is larger than 4 MiB". */
  tooLarge: string;
  /** What follows "is not text in UTF-8 or UTF-16". */
  notText: string;
}

/**
 * Reads a whole text, from a file or from standard input.
 *
 * @throws InputError
 */
export async function readText(path: string, input: Readable, form: TextForm): Promise<string> {
  const source = path === STANDARD_INPUT ? input : createReadStream(path);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      size += chunk.length;
      chunks.push(chunk);
      if (size > form.mostBytes) break;
    }
  } catch (error) {
    throw unreadable(error, form);
  } finally {
    source.destroy();
  }
  return textOf(Buffer.concat(chunks), form);
}

/**
 * The same of a file, for programs that can't wait.
 *
 * @throws InputError
 */
export function readTextSync(path: string, form: TextForm): string {
  return textOf(readBytes(path, form), form);
}

/** One byte more than allowed at most: the size of a pipe or a device isn't known. */
function readBytes(path: string, form: TextForm): Buffer {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(form.mostBytes + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(file, bytes, length, bytes.length - length, null);
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(error, form);
  }
}

function unreadable(error: unknown, { name }: TextForm): InputError {
  return new InputError(`${foreignText(name)} can't be read: ${foreignText(messageOf(error))}`);
}

function textOf(bytes: Buffer, { name, mostBytes, tooLarge, notText }: TextForm): string {
  if (bytes.length > mostBytes)
    throw new InputError(`${foreignText(name)} is larger than ${mostBytes / 1024 / 1024} MiB${tooLarge}`);
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    // A program or an image has it, and UTF-16 without a mark. Neither JSON nor YAML may.
    if (!text.includes("\0")) return text;
  } catch {
    // Not in this encoding.
  }
  throw new InputError(`${foreignText(name)} is not text in UTF-8 or UTF-16${notText}`);
}

/** PowerShell's ">" writes UTF-16, by default in little-endian order. */
function encodingOf([first, second]: Buffer): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}
