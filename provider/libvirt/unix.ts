import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Channel } from "./channel.ts";
import { ConnectionError } from "./errors.ts";
import { socketChannel } from "./socket-channel.ts";
import type { LibvirtUri } from "./uri.ts";

/** sockaddr_un holds 108 bytes with the NUL; a longer path would be truncated. */
const SOCKET_PATH_MAX = 107;

export interface SocketEnvironment {
  env: Record<string, string | undefined>;
  home: string;
  uid: number;
  exists(path: string): boolean;
}

/** The daemon's socket by libvirt's rules. For root, /session is the system daemon too. */
export function socketPath(uri: LibvirtUri, here: SocketEnvironment): string {
  if (uri.options.socket !== undefined) return uri.options.socket;
  const folder = socketFolder(uri.name === "qemu:///session" && here.uid !== 0, here);
  const direct = join(folder, "virtqemud-sock");
  const legacy = join(folder, "libvirt-sock");
  switch (uri.options.mode ?? "auto") {
    case "direct":
      return direct;
    case "legacy":
      return legacy;
    case "auto":
      return here.exists(direct) ? direct : legacy;
  }
}

function socketFolder(session: boolean, { env, home }: SocketEnvironment): string {
  if (!session) return "/var/run/libvirt";
  return join(env.XDG_RUNTIME_DIR || env.XDG_CACHE_HOME || join(home, ".cache"), "libvirt");
}

export function openUnix(uri: LibvirtUri): Channel {
  const path = socketPath(uri, {
    env: process.env,
    home: homedir(),
    uid: process.getuid?.() ?? -1,
    exists: existsSync,
  });
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
    throw new ConnectionError(`the socket path ${path} is longer than ${SOCKET_PATH_MAX} bytes`);
  }
  return socketChannel(createConnection(path), `the libvirt daemon at ${path}`, explain);
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "the socket doesn't exist; is libvirtd (or virtqemud) installed and running?";
    case "ECONNREFUSED":
      return "no daemon listens on it; is libvirtd (or virtqemud) running?";
    case "EACCES":
      return "permission denied; the user must be in the socket's group (libvirt)";
    default:
      return error.message;
  }
}
