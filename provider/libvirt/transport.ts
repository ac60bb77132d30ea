import { Connection, type ConnectionHooks, type Timing } from "./connection.ts";
import { openSsh, type RemoteProxy } from "./ssh.ts";
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

/** Hosts with a libvirt older than 6.8 have no virt-ssh-helper; a second login then asks for netcat. */
async function openThroughSsh(uri: LibvirtUri, timing: Timing, hooks: ConnectionHooks): Promise<Connection> {
  const wanted = uri.options.proxy ?? "auto";
  const first: RemoteProxy = wanted === "auto" ? "native" : wanted;
  const channel = openSsh(uri, first);
  try {
    return await Connection.open(channel, uri.name, timing, hooks);
  } catch (error) {
    if (wanted !== "auto" || !channel.proxyMissing()) throw error;
    return Connection.open(openSsh(uri, "netcat"), uri.name, timing, hooks);
  }
}
