import { OPTION_NAMES } from "./uri-options.ts";

const MASK = "…";

/** The options of libvirt's URIs, none of which has a password as its value. */
const OPTIONS = new Set([...OPTION_NAMES, "no_sanity"]);

/**
 * A URI as messages may show it. What may be a password is masked, however badly the URI is written: everything between the
 * first colon after the scheme and the last @, and everything from the value of the first option that libvirt doesn't have.
 */
export function withoutPassword(uri: string): string {
  const { from, to } = userPassword(uri) ?? { from: uri.length, to: uri.length };
  const option = otherOption(uri) ?? uri.length;
  if (Math.min(from, option) === uri.length) return uri;
  // The options may begin before the @, and be followed by more.
  const [host = ""] = option < uri.length ? [] : uri.slice(to).split(/[?&;#]/, 1);
  return uri.slice(0, Math.min(from, option)) + MASK + host;
}

/** Whether something in the URI is where a user's password would be. */
export function hasPassword(uri: string): boolean {
  return userPassword(uri) !== undefined;
}

function userPassword(uri: string): { from: number; to: number } | undefined {
  const authority = authorityIn(uri);
  const to = Math.max(uri.lastIndexOf("@"), uri.lastIndexOf("%40"));
  const rest = uri.slice(authority);
  const colon = /:|%3a/i.exec(rest);
  if (colon === null || authority + colon.index >= to) return undefined;
  // host:22/system?socket=/a@b has no password: the colon is that of the port, and the @ is in an option.
  const port = /^[^@:/?#]*:\d{1,5}(?:\/(?:system|session))?\?/.exec(rest);
  if (port !== null && OPTIONS.has(/^[^=]*/.exec(rest.slice(port[0].length))?.[0] ?? "")) return undefined;
  return { from: authority + colon.index + colon[0].length, to };
}

/** Where user and host begin. Without slashes what looks like a scheme may be a user, as in user:password@host. */
function authorityIn(uri: string): number {
  return /^(?:[^:/?#@%]*:)?\/{2,}/.exec(uri)?.[0].length ?? 0;
}

/** Where the value of the first option begins that libvirt doesn't have. Where it ends isn't known, if it is a password. */
function otherOption(uri: string): number | undefined {
  let at = uri.indexOf("?") + 1;
  if (at === 0) return undefined;
  for (const pair of uri.slice(at).split(/(?<=[&;#])/)) {
    const [key = ""] = pair.split(/[=&;#]/, 1);
    if (!/^[&;#]?$/.test(pair) && !OPTIONS.has(key)) return pair.includes("=") ? at + key.length + 1 : at;
    at += pair.length;
  }
  return undefined;
}
