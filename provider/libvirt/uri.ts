import { messageOf } from "../message-of.ts";
import { ConnectionError } from "./errors.ts";
import { hasPassword, withoutPassword } from "./uri-password.ts";

/** A parsed connection URI: only the driver `qemu`, through a unix socket, ssh, TLS or TCP. */
export interface LibvirtUri {
  transport: (typeof SUPPORTED)[number];
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

/** The query options of the supported transports (https://libvirt.org/uri.html). */
export interface UriOptions {
  /** Path of the daemon's socket on its host. */
  socket?: string;
  /** Which daemon: `direct` virtqemud, `legacy` libvirtd, `auto` (default) the one that exists. */
  mode?: "auto" | "direct" | "legacy";
  /**
   * The program on the remote host: `native` virt-ssh-helper, `netcat`, or `auto` (default): netcat with the option
   * `socket`, virt-ssh-helper for a session, else the first of them that exists.
   */
  proxy?: "auto" | "native" | "netcat";
  /** The remote host's netcat; default `nc`. */
  netcat?: string;
  /** The local ssh program; default `ssh`. */
  command?: string;
  /** Private key for ssh. */
  keyfile?: string;
  /** ssh: accept an unknown host key; a changed one is still refused. tls: don't check the server's certificate. */
  noVerify?: boolean;
  /** Never prompt on a terminal. The provider never does, since it has no terminal. */
  noTty?: boolean;
  /** The folder of the client's certificates for TLS. */
  pkipath?: string;
}

const SUPPORTED = ["unix", "ssh", "tls", "tcp"] as const;
const NOT_YET = ["libssh", "libssh2", "ext"];
const EXAMPLES = "for example qemu:///system or qemu+ssh://user@host/system";
/** Longer than any that means something (a path has at most 4096 bytes, and no URI needs two long ones). */
const LENGTH_MAX = 8192;

/** Every documented option, and the transports that accept it. */
const OPTIONS: Record<string, string[]> = {
  name: ["unix", "ssh", "libssh", "libssh2", "tls", "tcp", "ext"],
  socket: ["unix", "ssh", "libssh", "libssh2"],
  mode: ["unix", "ssh", "libssh", "libssh2"],
  proxy: ["ssh", "libssh", "libssh2"],
  netcat: ["ssh", "libssh", "libssh2"],
  command: ["ssh", "ext"],
  keyfile: ["ssh", "libssh", "libssh2"],
  no_verify: ["ssh", "tls"],
  no_tty: ["ssh"],
  known_hosts: ["libssh", "libssh2"],
  known_hosts_verify: ["libssh", "libssh2"],
  sshauth: ["libssh", "libssh2"],
  pkipath: ["tls"],
  tls_priority: ["tls"],
};

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
export function transportOf(uri: string): LibvirtUri["transport"] {
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
    this.withoutQuotes = `is not a URI that can be used: ${unquoted(why)}`;
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
  const options = typedOptions(given);
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

function parseTransport(given: string, host: string | undefined): LibvirtUri["transport"] {
  // libvirt's rule: a host without a transport means TLS.
  const transport = given || (host === undefined ? "unix" : "tls");
  for (const supported of SUPPORTED) if (transport === supported) return supported;
  const what = NOT_YET.includes(transport) ? "is not supported yet" : "does not exist";
  const why = given === "" ? " (the default with a host)" : "";
  throw new Error(
    `transport "${transport}"${why} ${what}; supported are ${SUPPORTED.join(", ")}, ${EXAMPLES}`,
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
  const user = userinfo === undefined ? undefined : unescaped(userinfo);
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

function parseQuery(query: string, transport: LibvirtUri["transport"]): Map<string, string> {
  const accepted = Object.keys(OPTIONS).filter((option) => OPTIONS[option]?.includes(transport));
  const given = new Map<string, string>();
  for (const pair of query.split(/[&;]/)) {
    if (pair === "") continue;
    const [key = "", ...value] = pair.split("=");
    const option = unescaped(key);
    const transports = Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
    if (transports === undefined) {
      throw new Error(`unknown option "${option}"; transport ${transport} accepts ${accepted.join(", ")}`);
    }
    if (!transports.includes(transport)) {
      throw new Error(
        `option ${option} is only for transport ${transports.join(", ")}; ${transport} accepts ${accepted.join(", ")}`,
      );
    }
    if (option === "tls_priority") {
      throw new Error(
        "option tls_priority is not supported: it is a setting of GnuTLS, but this provider uses the TLS of Node, " +
          "which accepts TLS 1.2 and 1.3; remove it",
      );
    }
    if (given.has(option)) throw new Error(`option ${option} is given twice`);
    const text = unescaped(value.join("="));
    if (text === "") throw new Error(`option ${option} has no value`);
    given.set(option, text);
  }
  return given;
}

function typedOptions(given: Map<string, string>): UriOptions {
  const options: UriOptions = {};
  const socket = given.get("socket");
  if (socket !== undefined) options.socket = absolute("socket", socket);
  const pkipath = given.get("pkipath");
  if (pkipath !== undefined) options.pkipath = absolute("pkipath", pkipath);
  const mode = given.get("mode");
  if (mode !== undefined) options.mode = oneOf("mode", mode, ["auto", "direct", "legacy"]);
  const proxy = given.get("proxy");
  if (proxy !== undefined) options.proxy = oneOf("proxy", proxy, ["auto", "native", "netcat"]);
  for (const option of ["netcat", "command", "keyfile"] as const) {
    const value = given.get(option);
    if (value?.startsWith("-")) throw new Error(`option ${option} must not begin with a dash`);
    if (value !== undefined) options[option] = value;
  }
  const noVerify = given.get("no_verify");
  if (noVerify !== undefined) options.noVerify = flag("no_verify", noVerify);
  const noTty = given.get("no_tty");
  if (noTty !== undefined) options.noTty = flag("no_tty", noTty);
  if (options.proxy === "native" && options.netcat !== undefined) {
    throw new Error("option netcat can't be combined with proxy=native");
  }
  if (options.proxy === "native" && options.socket !== undefined) {
    throw new Error(
      "option socket can't be combined with proxy=native: virt-ssh-helper finds the socket itself",
    );
  }
  return options;
}

function absolute(option: string, value: string): string {
  if (!value.startsWith("/")) throw new Error(`option ${option} must be an absolute path, not "${value}"`);
  return value;
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  for (const candidate of allowed) if (candidate === value) return candidate;
  throw new Error(`option ${option} must be one of ${allowed.join(", ")}, not "${value}"`);
}

/** libvirt reads a number: 0 is false, anything else true. */
function flag(option: string, value: string): boolean {
  if (!/^\d{1,9}$/.test(value)) throw new Error(`option ${option} must be 0 or 1, not "${value}"`);
  return Number(value) !== 0;
}

function unescaped(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw new Error(`"${text}" is not percent-encoded UTF-8`);
  }
  if (/\p{Cc}/u.test(plain)) throw new Error("control characters are not allowed");
  return plain;
}

function format(
  authority: string,
  transport: LibvirtUri["transport"],
  name: string,
  options: UriOptions,
): string {
  const scheme = transport === "unix" ? "qemu" : `qemu+${transport}`;
  const { noVerify, noTty, ...texts } = options;
  const pairs = Object.entries(texts).map(
    ([option, value]) => `${option}=${encodeURIComponent(value).replaceAll("%2F", "/")}`,
  );
  if (noVerify !== undefined) pairs.push(`no_verify=${Number(noVerify)}`);
  if (noTty !== undefined) pairs.push(`no_tty=${Number(noTty)}`);
  const query = pairs.length > 0 ? `?${pairs.join("&")}` : "";
  return `${scheme}://${authority}${name.replace("qemu://", "")}${query}`;
}
