import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { type Identity, makeCertificate } from "../support/certificates.ts";
import { type FakeDaemon, fakeDaemon, type Handlers } from "./fake-daemon.ts";

/** What a daemon of the tests shows to a client that it accepts, and to one that it doesn't. */
export const ca = makeCertificate({ name: "Test CA", isCa: true });
const server = makeCertificate({ name: "localhost", issuer: ca, hosts: ["localhost"], use: "server" });
const client = makeCertificate({ name: "me", issuer: ca, use: "client" });

export interface FakeTls {
  server?: Identity;
  /** The byte after the handshake; `null`: it closes the connection instead. Default: 1, accepted. */
  verdict?: number | null | "none";
  options?: TlsOptions;
}

/** A fake daemon that is reached by TLS, for the running test. Its URI has no options. */
export async function tlsDaemon(
  { server: identity = server, verdict = 1, options = {} }: FakeTls = {},
  handlers: Handlers = {},
): Promise<FakeDaemon> {
  const daemon = await fakeDaemon(handlers, {
    uri: (port) => `qemu+tls://localhost:${port}/session`,
    makeServer: (accept) =>
      createServer(
        {
          cert: identity.certificate,
          key: identity.key,
          ca: ca.certificate,
          // As libvirtd: the client's certificate is asked for, and looked at after the handshake.
          requestCert: true,
          rejectUnauthorized: false,
          ...options,
        },
        (socket) => {
          socket.on("error", () => undefined);
          if (verdict === null || !socket.authorized) return void socket.end();
          if (verdict !== "none") socket.write(Buffer.from([verdict]));
          accept(socket);
        },
      ),
  });
  onTestFinished(() => daemon.remove());
  return daemon;
}

/** The PEM of each file for `pkipath`; one that is undefined isn't there. */
export type PkiFiles = { [File in "ca" | "crl" | "cert" | "key"]?: string | undefined };

/** A folder for the URI option `pkipath`. */
export function pkiFolder(files: PkiFiles = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "pki-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const defaults = { ca: ca.certificate, cert: client.certificate, key: client.key };
  const contents: PkiFiles = { ...defaults, ...files };
  const names = { ca: "cacert", crl: "cacrl", cert: "clientcert", key: "clientkey" };
  for (const [file, name] of Object.entries(names)) {
    const content = contents[file as keyof typeof names];
    if (content !== undefined) writeFileSync(join(folder, `${name}.pem`), content);
  }
  return folder;
}
