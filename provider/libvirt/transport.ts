import { Connection, type ConnectionHooks, type Timing } from "./connection.ts";
import { openSsh, remoteProxies } from "./ssh.ts";
import { openUnix } from "./unix.ts";
import type { LibvirtUri } from "./uri.ts";

/** Opens a connection by the URI's transport. A further transport is a case here and a file with its `Channel`. */
export async function openConnection(
  uri: LibvirtUri,
  timing: Timing,
  hooks: ConnectionHooks,
): Promise<Connection> {
  switch (uri.transport) {
    case "unix":
      return Connection.open(openUnix(uri), uri.name, timing, hooks);
    case "ssh":
      return openThroughSsh(uri, timing, hooks);
  }
}

async function openThroughSsh(uri: LibvirtUri, timing: Timing, hooks: ConnectionHooks): Promise<Connection> {
  const [first, second] = remoteProxies(uri);
  const channel = openSsh(uri, first);
  try {
    return await Connection.open(channel, uri.name, timing, hooks);
  } catch (error) {
    if (second === undefined || !channel.proxyMissing()) throw error;
    return Connection.open(openSsh(uri, second), uri.name, timing, hooks);
  }
}
