import { percentDecoded } from "./percent-decoded.ts";

/** The supported transports. */
export const TRANSPORTS = ["unix", "ssh", "tls", "tcp"] as const;
export type Transport = (typeof TRANSPORTS)[number];

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

export const OPTION_NAMES = Object.keys(OPTIONS);

/**
 * The options of a query by libvirt's names.
 *
 * @throws Error for an option that libvirt doesn't have, or that the transport doesn't accept
 */
export function parseQuery(query: string, transport: Transport): Map<string, string> {
  const accepted = OPTION_NAMES.filter((option) => OPTIONS[option]?.includes(transport));
  const given = new Map<string, string>();
  for (const pair of query.split(/[&;]/)) {
    if (pair === "") continue;
    const [key = "", ...value] = pair.split("=");
    const option = percentDecoded(key);
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
    const text = percentDecoded(value.join("="));
    if (text === "") throw new Error(`option ${option} has no value`);
    given.set(option, text);
  }
  return given;
}

/**
 * The options of a transport with their types, from what `parseQuery` found. `name` isn't one of them: it is the URI that the daemon
 * opens.
 *
 * @throws Error for a value of another form, and for options that exclude each other
 */
export function uriOptions(given: Map<string, string>): UriOptions {
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

/** The query of a URI with these options, in its canonical form. */
export function formatQuery({ noVerify, noTty, ...texts }: UriOptions): string {
  const pairs = Object.entries(texts).map(
    ([option, value]) => `${option}=${encodeURIComponent(value).replaceAll("%2F", "/")}`,
  );
  if (noVerify !== undefined) pairs.push(`no_verify=${Number(noVerify)}`);
  if (noTty !== undefined) pairs.push(`no_tty=${Number(noTty)}`);
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}
