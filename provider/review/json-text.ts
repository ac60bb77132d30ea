/** The value; undefined: not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const QUOTED = 40;

/** The beginning of a text, for a message. */
export function quotedStart(text: string): string {
  const [line = ""] = text.slice(0, QUOTED).split(/[\r\n]/, 1);
  return JSON.stringify(line);
}

/** The end of a text, for a message. */
export function quotedEnd(text: string): string {
  return quotedStart(text.slice(-QUOTED));
}
