import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { type Document, isScalar, parseAllDocuments, visit } from "yaml";
import { InputError } from "../command/command.ts";
import { foreignText } from "../foreign-text.ts";
import { messageOf } from "../message-of.ts";

/** Room for a list of 10,000 VMs with their sizes. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Objects, lists, texts and numbers only. The parser compares each key with each other one, so a long object takes minutes. */
const OPTIONS = {
  merge: true,
  prettyErrors: true,
  logLevel: "silent",
  resolveKnownTags: false,
  uniqueKeys: false,
} as const;

/** References to one anchor, or through several: enough for every size, too few to fill the memory. */
const MOST_ALIASES = 100;

/**
 * Reads a YAML or JSON file. It is data: nothing is known of its form.
 *
 * @throws InputError
 */
export function readCatalogueFile(path: string): unknown {
  return parseCatalogueText(readText(path), path);
}

/** @throws InputError */
function parseCatalogueText(text: string, path: string): unknown {
  const invalid = (reason: string) => new InputError(`${path} ${reason}`);
  const documents = parsed(text, invalid);
  // A marker at the beginning or the end has an empty document at its other side.
  const [document, ...others] = documents.filter((one) => !isEmpty(one));
  if (document === undefined)
    throw invalid("is empty; write a catalogue with a ceiling and sizes, or a list of VMs");
  if (others.length > 0)
    throw invalid(`has ${others.length + 1} YAML documents; write each into its own file`);
  const [error] = document.errors;
  if (error !== undefined) {
    const [first = ""] = error.message.split("\n");
    const reason = first.replace(/:$/, "").replace("Maximum call stack size exceeded", "nested too deeply");
    throw invalid(`is not valid YAML or JSON: ${foreignText(reason)}`);
  }
  const repeated = repeatedKey(document);
  if (repeated !== undefined)
    throw invalid(
      `is not valid YAML or JSON: "${foreignText(repeated)}" is twice in one object; remove one of them`,
    );
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw invalid(`can't be read: ${foreignText(messageOf(error))}; write the sizes out, without anchors`);
  }
}

function parsed(text: string, invalid: (reason: string) => Error) {
  try {
    const documents = parseAllDocuments(text, OPTIONS);
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    // Thousands of nested collections: the parser is recursive.
    throw invalid(`is not valid YAML or JSON: ${foreignText(messageOf(error))}`);
  }
}

function isEmpty({ contents, errors }: Document): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.source === ""));
}

/** A key that an object of the document has twice, also as a number and as a text. */
function repeatedKey(document: Document): string | undefined {
  let repeated: string | undefined;
  visit(document, {
    Map(_, { items }) {
      const found = new Set<string>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name === undefined || name === "<<") continue;
        if (found.has(name)) {
          repeated = name;
          return visit.BREAK;
        }
        found.add(name);
      }
      return undefined;
    },
  });
  return repeated;
}

function readText(path: string): string {
  const bytes = readBytes(path);
  if (bytes.length > MOST_BYTES)
    throw new InputError(`${path} is larger than 4 MiB, which is enough for 10,000 VMs; use a shorter file`);
  if (!isUtf8(bytes) || bytes.includes(0))
    throw new InputError(`${path} is not text in UTF-8; a catalogue is a YAML or JSON file`);
  return new TextDecoder().decode(bytes);
}

/** One byte more than allowed at most: the size of a pipe or a device isn't known. */
function readBytes(path: string): Buffer {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(MOST_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(file, bytes, length, bytes.length - length, null);
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new InputError(`${path} can't be read: ${messageOf(error)}`);
  }
}
