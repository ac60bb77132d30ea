import { XmlError } from "./escape.ts";

/** @throws XmlError for anything but digits */
export function wholeNumber(written: string, what: string): number {
  if (!/^[0-9]{1,9}$/.test(written))
    throw new XmlError(`${what}: ${JSON.stringify(written)} is not a whole number`);
  return Number(written);
}
