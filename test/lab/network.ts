import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Identity } from "../support/certificates.ts";
import type { Lab } from "./lab.ts";

/** The files of a folder for the URI option `pkipath`. */
export interface Pki {
  ca: Identity;
  client: Identity;
}

interface NetworkDaemon {
  /** `qemu+tls://localhost:<port>/session` */
  tls: string;
  /** `qemu+tcp://localhost:<port>/session` */
  tcp: string;
}

/**
 * Makes the daemon of a lab with `network` listen on two ports of the loopback interface, and restarts it.
 *
 * @param settings further lines of libvirtd.conf
 */
export async function listenOnNetwork(
  lab: Lab,
  { ca, server, settings = [] }: { ca: Identity; server: Identity; settings?: string[] },
): Promise<NetworkDaemon> {
  const [tls, tcp] = [await freePort(), await freePort()];
  const file = (name: string, content: string) => {
    const path = join(lab.dir, name);
    writeFileSync(path, content, { mode: 0o600 });
    chownSync(path, lab.user.uid, lab.user.gid);
    return path;
  };
  const lines = [
    'listen_addr = "127.0.0.1"',
    "listen_tls = 1",
    "listen_tcp = 1",
    `tls_port = "${tls}"`,
    `tcp_port = "${tcp}"`,
    `ca_file = "${file("cacert.pem", ca.certificate)}"`,
    `cert_file = "${file("servercert.pem", server.certificate)}"`,
    `key_file = "${file("serverkey.pem", server.key)}"`,
    ...(settings.some((line) => line.startsWith("auth_tcp")) ? [] : ['auth_tcp = "none"']),
    ...settings,
  ];
  writeFileSync(lab.settings, `${lines.join("\n")}\n`);
  await lab.restartDaemon();
  return { tls: `qemu+tls://localhost:${tls}/session`, tcp: `qemu+tcp://localhost:${tcp}/session` };
}

/** Makes a folder for `pkipath` in the lab's. */
export function clientFolder(lab: Lab, name: string, { ca, client }: Pki): string {
  const folder = join(lab.dir, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "cacert.pem"), ca.certificate);
  writeFileSync(join(folder, "clientcert.pem"), client.certificate);
  writeFileSync(join(folder, "clientkey.pem"), client.key);
  chmodSync(join(folder, "clientkey.pem"), 0o600);
  return folder;
}

/** A port that nothing listens on at present. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
