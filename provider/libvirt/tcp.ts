import { createConnection } from "node:net";
import type { Channel } from "./channel.ts";
import { explainNetworkError } from "./network-error.ts";
import { socketChannel } from "./socket-channel.ts";
import { hostOf, type LibvirtUri } from "./uri.ts";

/** LIBVIRTD_TCP_PORT. */
const DEFAULT_PORT = 16509;

const LISTENING = "libvirtd listens on TCP with --listen and listen_tcp = 1, or by libvirtd-tcp.socket";

export function openTcp(uri: LibvirtUri): Channel {
  const host = hostOf(uri);
  const port = uri.port ?? DEFAULT_PORT;
  return socketChannel(
    createConnection({ host, port }),
    `the libvirt daemon at ${host}, TCP port ${port}`,
    (error) => explainNetworkError(error, LISTENING),
  );
}
