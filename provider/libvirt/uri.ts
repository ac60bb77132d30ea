/** A connection URI, taken apart: driver `qemu` alone, by a unix socket or through `ssh`. */
export interface LibvirtUri {
  transport: "unix" | "ssh";
  /** What the daemon is asked to open. */
  name: "qemu:///system" | "qemu:///session";
  /** The remote host and how to get there; with transport `unix` none of them. */
  host: string | undefined;
  user: string | undefined;
  port: number | undefined;
  options: UriOptions;
  /** Written out again in one form. No URI with a secret in it is accepted, so this has none. */
  text: string;
}

/** The query options of `unix` and `ssh`, as https://libvirt.org/uri.html has them. */
export interface UriOptions {
  /** Path of the daemon's socket, on the host where the daemon runs. */
  socket?: string;
  /** Which daemon: `direct` virtqemud, `legacy` libvirtd, `auto` (default) the one that is there. */
  mode?: "auto" | "direct" | "legacy";
  /**
   * What runs at the far end of ssh: `native` virt-ssh-helper, `netcat`, or `auto` (default): netcat where a
   * socket is named, virt-ssh-helper for a session, else the first of them that is there.
   */
  proxy?: "auto" | "native" | "netcat";
  /** The far end's netcat; default `nc`. */
  netcat?: string;
  /** The local ssh program; default `ssh`. */
  command?: string;
  /** Private key for ssh. */
  keyfile?: string;
  /** Accept a host key that is not known yet; one that changed is refused all the same. */
  noVerify?: boolean;
  /** Never ask on a terminal. It is never asked here, since a provider has no terminal of its own. */
  noTty?: boolean;
}

const SUPPORTED = ["unix", "ssh"] as const;
const NOT_YET = ["tls", "tcp", "libssh", "libssh2", "ext"];
const EXAMPLES = "for example qemu:///system or qemu+ssh://user@host/system";

/** Every documented option and the transports that take it. */
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
 * What may stand for a host or a user. ssh's own configuration pastes both into command lines
 * (`ProxyCommand`, `Match exec`), hence nothing a shell reads; a leading dash would be an option of ssh.
 */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const IPV6 = /^\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._-]+)?\]$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._@+=-]*$/;

/**
 * Takes a connection URI apart: `qemu[+transport]://[user@][host][:port]/system[?option=value&…]`.
 * Throws an Error that says what is wrong and what would work.
 */
export function parseUri(uri: string): LibvirtUri {
  try {
    return parse(uri);
  } catch (error) {
    throw new Error(`libvirt URI ${shown(uri)}: ${error instanceof Error ? error.message : error}`);
  }
}

/** For messages: a password is left out. */
function shown(uri: string): string {
  const text = uri.replace(/(:\/\/[^/?#]*?:)[^/?#]*@/, "$1…@");
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function parse(uri: string): LibvirtUri {
  const match = /^([^:/?#]+):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/.exec(uri);
  if (match === null) throw new Error(`wanted driver://host/path, ${EXAMPLES}`);
  const [, scheme = "", authority = "", path = "", query = ""] = match;
  const [driver = "", ...rest] = scheme.toLowerCase().split("+");
  if (driver !== "qemu") {
    throw new Error(`the driver is «${driver}», but only qemu can hot-plug memory; ${EXAMPLES}`);
  }
  const { user, host, port } = parseAuthority(authority);
  const transport = parseTransport(rest.join("+"), host);
  if (transport === "unix" && authority !== "") {
    throw new Error(
      "a unix socket has no user, host or port; for another machine use qemu+ssh://host/system",
    );
  }
  const given = parseQuery(query, transport);
  const name = given.get("name") ?? `qemu://${path}`;
  if (name !== "qemu:///system" && name !== "qemu:///session") {
    throw new Error(`wanted the path /system or /session, found «${given.get("name") ?? path}»`);
  }
  const options = typedOptions(given);
  if (options.proxy === "netcat" && name === "qemu:///session" && options.socket === undefined) {
    throw new Error("proxy=netcat to /session needs the path of the daemon's socket (option socket)");
  }
  return { transport, name, host, user, port, options, text: format(authority, transport, name, options) };
}

function parseTransport(given: string, host: string | undefined): LibvirtUri["transport"] {
  // libvirt's rule: a host without a transport means TLS.
  const transport = given || (host === undefined ? "unix" : "tls");
  for (const supported of SUPPORTED) if (transport === supported) return supported;
  const what = NOT_YET.includes(transport) ? "is not supported yet" : "does not exist";
  const why = given === "" ? " (what a host without a transport means)" : "";
  throw new Error(
    `transport «${transport}»${why} ${what}; supported are ${SUPPORTED.join(" and ")}, ${EXAMPLES}`,
  );
}

function parseAuthority(authority: string): Pick<LibvirtUri, "user" | "host" | "port"> {
  const match = /^(?:([^@]*(?:@[^@]*)*)@)?(\[[^\]]*\]|[^:@]*)(?::([^:@]*))?$/.exec(authority);
  if (match === null) throw new Error(`wanted user@host:port, ${EXAMPLES}`);
  const [, userinfo, host = "", portText] = match;
  if (userinfo?.includes(":")) {
    throw new Error(
      "a password in the URI is not supported; give ssh a key (option keyfile, or ssh's agent)",
    );
  }
  const user = userinfo === undefined ? undefined : unescaped(userinfo);
  if (user !== undefined && !USER.test(user)) {
    throw new Error(
      `the user has to begin with a letter or digit and hold only letters, digits and . _ @ + = -`,
    );
  }
  if (host !== "" && !HOST.test(host) && !IPV6.test(host)) {
    throw new Error("the host is neither a name, an IPv4 address nor an IPv6 address in brackets");
  }
  if (
    portText !== undefined &&
    (!/^\d{1,5}$/.test(portText) || Number(portText) < 1 || Number(portText) > 65535)
  ) {
    throw new Error(`wanted a port from 1 to 65535, found «${portText}»`);
  }
  return { user, host: host || undefined, port: portText === undefined ? undefined : Number(portText) };
}

function parseQuery(query: string, transport: LibvirtUri["transport"]): Map<string, string> {
  const fitting = Object.keys(OPTIONS).filter((option) => OPTIONS[option]?.includes(transport));
  const given = new Map<string, string>();
  for (const pair of query.split(/[&;]/)) {
    if (pair === "") continue;
    const [key = "", ...value] = pair.split("=");
    const option = unescaped(key);
    const transports = Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
    if (transports === undefined) {
      throw new Error(`unknown option «${option}»; transport ${transport} takes ${fitting.join(", ")}`);
    }
    if (!transports.includes(transport)) {
      const theirs = transports.join(", ");
      throw new Error(
        `option ${option} belongs to transport ${theirs}; ${transport} takes ${fitting.join(", ")}`,
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
  const mode = given.get("mode");
  if (mode !== undefined) options.mode = oneOf("mode", mode, ["auto", "direct", "legacy"]);
  const proxy = given.get("proxy");
  if (proxy !== undefined) options.proxy = oneOf("proxy", proxy, ["auto", "native", "netcat"]);
  for (const option of ["netcat", "command", "keyfile"] as const) {
    const value = given.get(option);
    if (value?.startsWith("-")) throw new Error(`option ${option} cannot begin with a dash`);
    if (value !== undefined) options[option] = value;
  }
  const noVerify = given.get("no_verify");
  if (noVerify !== undefined) options.noVerify = flag("no_verify", noVerify);
  const noTty = given.get("no_tty");
  if (noTty !== undefined) options.noTty = flag("no_tty", noTty);
  if (options.proxy === "native" && options.netcat !== undefined) {
    throw new Error("option netcat does not go with proxy=native");
  }
  if (options.proxy === "native" && options.socket !== undefined) {
    throw new Error(
      "option socket does not go with proxy=native: virt-ssh-helper looks for the socket itself",
    );
  }
  return options;
}

function absolute(option: string, value: string): string {
  if (!value.startsWith("/")) throw new Error(`option ${option} wants an absolute path, found «${value}»`);
  return value;
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  for (const candidate of allowed) if (candidate === value) return candidate;
  throw new Error(`option ${option} is one of ${allowed.join(", ")}, found «${value}»`);
}

/** libvirt reads a number: anything but 0 is yes. */
function flag(option: string, value: string): boolean {
  if (!/^\d{1,9}$/.test(value)) throw new Error(`option ${option} is 0 or 1, found «${value}»`);
  return Number(value) !== 0;
}

function unescaped(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw new Error(`«${text}» is no percent-encoded UTF-8`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(plain)) throw new Error("control characters are not allowed");
  return plain;
}

function format(
  authority: string,
  transport: LibvirtUri["transport"],
  name: string,
  options: UriOptions,
): string {
  const scheme = transport === "unix" ? "qemu" : "qemu+ssh";
  const { noVerify, noTty, ...texts } = options;
  const pairs = Object.entries(texts).map(
    ([option, value]) => `${option}=${encodeURIComponent(value).replaceAll("%2F", "/")}`,
  );
  if (noVerify !== undefined) pairs.push(`no_verify=${Number(noVerify)}`);
  if (noTty !== undefined) pairs.push(`no_tty=${Number(noTty)}`);
  const query = pairs.length > 0 ? `?${pairs.join("&")}` : "";
  return `${scheme}://${authority}${name.replace("qemu://", "")}${query}`;
}
