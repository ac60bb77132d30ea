import { messageOf } from "../message-of.ts";
import { ConnectionError } from "./errors.ts";
import { percentDecoded } from "./percent-decoded.ts";
import {
  formatQuery,
  parseQuery,
  TRANSPORTS,
  type Transport,
  type UriOptions,
  uriOptions,
} from "./uri-options.ts";
import { hasPassword, withoutPassword } from "./uri-password.ts";

/** A parsed connection URI: only the driver `qemu`, through a unix socket, ssh, TLS or TCP. */
export interface LibvirtUri {
  transport: Transport;
  /** The URI that the daemon opens. */
  name: "qemu:///system" | "qemu:///session";
  /** The remote host; undefined with transport `unix`, and for the local host. */
  host: string | undefined;
  /** Only with transport `ssh`. */
  user: string | undefined;
  port: number | undefined;
  options: UriOptions;
  /** The canonical form. It contains no secret, since a URI with one isn't accepted. */
  text: string;
}

const NOT_YET = ["libssh", "libssh2", "ext"];
const EXAMPLES = "for example qemu:///system or qemu+ssh://user@host/system";
/** Longer than any that means something (a path has at most 4096 bytes, and no URI needs two long ones). */
const LENGTH_MAX = 8192;

/**
 * The accepted hosts and users. ssh's configuration may insert both into command lines (`ProxyCommand`, `Match exec`), so
 * they have no character with a meaning in a shell; a leading dash would be an option of ssh.
 */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const IPV6 = /^\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._-]+)?\]$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._@+=-]*$/;

/**
 * Parses a connection URI: `qemu[+transport]://[user@][host][:port]/system[?option=value&…]`.
 *
 * @throws ConnectionError with what is wrong and what would work
 */
export function parseUri(uri: string): LibvirtUri {
  try {
    return parse(uri);
  } catch (error) {
    throw new UriError(uri, messageOf(error));
  }
}

/** The transport of a URI; of one that isn't valid, the one that fails at once. */
export function transportOf(uri: string): Transport {
  try {
    return parse(uri).transport;
  } catch {
    return "unix";
  }
}

/** A URI that isn't accepted. */
class UriError extends ConnectionError {
  override readonly withoutQuotes: string;

  constructor(uri: string, why: string) {
    // What is cut off costs nothing, and may have what shows that the rest is a password.
    const isCut = uri.length > LENGTH_MAX;
    const shown = isCut ? "…" : withoutPassword(uri);
    const text = JSON.stringify(shown.length > 200 ? `${shown.slice(0, 200)}…` : shown);
    // A reason quotes the part that is wrong, which may be of the password.
    super(`libvirt URI ${text}: ${!isCut && hasPassword(uri) ? unquoted(why) : why}`);
    this.withoutQuotes = `the libvirt URI can't be used: ${unquoted(why)}`;
  }
}

/** From the first quote to the last one: what is between them may have quotes itself. */
function unquoted(text: string): string {
  return text.replace(/".*"/s, '"…"');
}

function parse(uri: string): LibvirtUri {
  if (uri.length > LENGTH_MAX)
    throw new Error(`must have at most ${LENGTH_MAX} characters, but has ${uri.length}`);
  const match = /^([^:/?#]+):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/.exec(uri);
  if (match === null) throw new Error(`must have the form driver://host/path, ${EXAMPLES}`);
  const [, scheme = "", authority = "", path = "", query = ""] = match;
  const [driver = "", ...rest] = scheme.toLowerCase().split("+");
  if (driver !== "qemu") {
    throw new Error(`the driver is "${driver}", but only qemu can hot-plug memory; ${EXAMPLES}`);
  }
  const { user, host, port } = parseAuthority(authority);
  const transport = parseTransport(rest.join("+"), host);
  if (transport === "unix" && authority !== "") {
    throw new Error("a unix socket has no user, host or port; for a remote host use qemu+ssh://host/system");
  }
  if (transport !== "ssh" && user !== undefined) {
    throw new Error(`transport ${transport} doesn't accept a user; ${LOGIN[transport]}`);
  }
  const given = parseQuery(query, transport);
  const name = given.get("name") ?? `qemu://${path}`;
  if (name !== "qemu:///system" && name !== "qemu:///session") {
    throw new Error(`the path must be /system or /session, not "${given.get("name") ?? path}"`);
  }
  const options = uriOptions(given);
  if (options.proxy === "netcat" && name === "qemu:///session" && options.socket === undefined) {
    throw new Error("proxy=netcat with /session needs the path of the daemon's socket (option socket)");
  }
  return { transport, name, host, user, port, options, text: format(authority, transport, name, options) };
}

/** How the daemon identifies the client, for a URI that gives a user where libvirt has it only for SASL. */
const LOGIN = {
  unix: "the daemon knows the user of this process",
  tls: "the daemon identifies this client by its certificate (SASL logins aren't supported)",
  tcp: "the daemon doesn't identify the client (SASL logins aren't supported)",
};

function parseTransport(given: string, host: string | undefined): Transport {
  // libvirt's rule: a host without a transport means TLS.
  const transport = given || (host === undefined ? "unix" : "tls");
  for (const supported of TRANSPORTS) if (transport === supported) return supported;
  const what = NOT_YET.includes(transport) ? "is not supported yet" : "does not exist";
  const why = given === "" ? " (the default with a host)" : "";
  throw new Error(
    `transport "${transport}"${why} ${what}; supported are ${TRANSPORTS.join(", ")}, ${EXAMPLES}`,
  );
}

/** The host for a connection: an IPv6 address without brackets, the percent sign of its zone unescaped. */
export function hostOf({ host }: LibvirtUri): string {
  return host?.replace(/^\[(.*)\]$/, "$1").replace("%25", "%") ?? "localhost";
}

function parseAuthority(authority: string): Pick<LibvirtUri, "user" | "host" | "port"> {
  const at = authority.lastIndexOf("@");
  const userinfo = at < 0 ? undefined : authority.slice(0, at);
  const match = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(authority.slice(at + 1));
  if (match === null) throw new Error(`must have the form user@host:port, ${EXAMPLES}`);
  const [, host = "", portText] = match;
  if (userinfo?.includes(":")) {
    throw new Error(
      "a password in the URI is not supported; give ssh a key (option keyfile, or ssh's agent)",
    );
  }
  const user = userinfo === undefined ? undefined : percentDecoded(userinfo);
  if (user !== undefined && !USER.test(user)) {
    throw new Error(
      `the user must begin with a letter or digit, and contain only letters, digits and . _ @ + = -`,
    );
  }
  if (host !== "" && !HOST.test(host) && !IPV6.test(host)) {
    throw new Error("the host must be a name, an IPv4 address, or an IPv6 address in brackets");
  }
  if (
    portText !== undefined &&
    (!/^\d{1,5}$/.test(portText) || Number(portText) < 1 || Number(portText) > 65535)
  ) {
    throw new Error(`the port must be from 1 to 65535, not "${portText}"`);
  }
  return { user, host: host || undefined, port: portText === undefined ? undefined : Number(portText) };
}

function format(authority: string, transport: Transport, name: string, options: UriOptions): string {
  const scheme = transport === "unix" ? "qemu" : `qemu+${transport}`;
  return `${scheme}://${authority}${name.replace("qemu://", "")}${formatQuery(options)}`;
}
