import type { Clock } from "../deadline.ts";
import { Connection, type ConnectionHooks } from "./connection.ts";
import { openSsh, remoteProxies } from "./ssh.ts";
import { openTcp } from "./tcp.ts";
import type { Timing } from "./timing.ts";
import { openTls } from "./tls.ts";
import { openUnix } from "./unix.ts";
import type { LibvirtUri } from "./uri.ts";

/** Opens a connection by the URI's transport. Each transport has a case here and a file with its `Channel`. */
export async function openConnection(
  uri: LibvirtUri,
  timing: Timing,
  clock: Clock,
  hooks: ConnectionHooks,
): Promise<Connection> {
  switch (uri.transport) {
    case "unix":
      return Connection.open(openUnix(uri), uri.name, timing, clock, hooks);
    case "tcp":
      return Connection.open(openTcp(uri), uri.name, timing, clock, hooks);
    case "tls":
      return Connection.open(openTls(uri), uri.name, timing, clock, hooks);
    case "ssh":
      return openThroughSsh(uri, timing, clock, hooks);
  }
}

async function openThroughSsh(
  uri: LibvirtUri,
  timing: Timing,
  clock: Clock,
  hooks: ConnectionHooks,
): Promise<Connection> {
  const [first, second] = remoteProxies(uri);
  const channel = openSsh(uri, first);
  try {
    return await Connection.open(channel, uri.name, timing, clock, hooks);
  } catch (error) {
    if (second === undefined || !channel.proxyMissing()) throw error;
    return Connection.open(openSsh(uri, second), uri.name, timing, clock, hooks);
  }
}
