import { type LibvirtUri, parseUri } from "./uri.ts";
import type { Transport } from "./uri-options.ts";

/** The ports that libvirt and ssh use where a URI has none. */
const PORTS: Readonly<Record<Transport, number | undefined>> = {
  unix: undefined,
  ssh: 22,
  tls: 16514,
  tcp: 16509,
};

/**
 * A key that is equal for URIs which lead to one daemon, however they are written: the case of the scheme and the host, the default
 * port, and the options and the user of the connection make no difference. A URI that can't be parsed is its own key. The key isn't
 * for messages.
 */
export function daemonKey(uri: string): string {
  let parsed: LibvirtUri;
  try {
    parsed = parseUri(uri);
  } catch {
    return uri;
  }
  const { transport, name, host, port, user, options } = parsed;
  return JSON.stringify([
    ...[transport, name, host?.toLowerCase(), port ?? PORTS[transport]],
    // A session is that of a user, and another ssh program may connect elsewhere.
    ...[name === "qemu:///session" ? user : undefined, options.socket, options.command],
  ]);
}
