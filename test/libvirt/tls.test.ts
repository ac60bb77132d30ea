import { once } from "node:events";
import { chmodSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { type TlsPaths, tlsPaths } from "../../provider/libvirt/tls-files.ts";
import { parseUri } from "../../provider/libvirt/uri.ts";
import { type CertificateOptions, makeCertificate } from "../support/certificates.ts";
import { failure } from "./connected.ts";
import { ca, type FakeTls, type PkiFiles, pkiFolder, tlsDaemon } from "./fake-tls.ts";

async function connectedTo(uri: string) {
  const hypervisor = await connect(uri);
  onTestFinished(() => hypervisor.close());
  return hypervisor;
}

const stranger = makeCertificate({ name: "Another CA", isCa: true });
const certificate = (options: Partial<CertificateOptions>) =>
  makeCertificate({ name: "other", issuer: ca, hosts: ["localhost"], ...options });
const identity = (options: Partial<CertificateOptions>): PkiFiles => {
  const { certificate: cert, key } = certificate(options);
  return { cert, key };
};

describe("a connection", () => {
  test("begins with the daemon's byte, and then carries libvirt's protocol", async () => {
    const daemon = await tlsDaemon();
    const uri = `${daemon.uri}?pkipath=${pkiFolder()}`;
    const hypervisor = await connectedTo(uri);
    expect(await hypervisor.version()).toBe(9_000_000);
    expect(hypervisor.uri).toBe(uri);
  });

  test("to an address", async () => {
    const daemon = await tlsDaemon({ server: certificate({ hosts: ["host.example", "127.0.0.1"] }) });
    const uri = `${daemon.uri.replace("localhost", "127.0.0.1")}?pkipath=${pkiFolder()}`;
    expect(await (await connectedTo(uri)).version()).toBe(9_000_000);
  });

  test("without a transport in the URI", async () => {
    const daemon = await tlsDaemon();
    const uri = `${daemon.uri.replace("qemu+tls", "qemu")}?pkipath=${pkiFolder()}`;
    expect(await (await connectedTo(uri)).version()).toBe(9_000_000);
  });

  test("that breaks is opened again", async () => {
    const daemon = await tlsDaemon();
    const hypervisor = await connectedTo(`${daemon.uri}?pkipath=${pkiFolder()}`);
    for (const socket of daemon.sockets) socket.destroy();
    await expect(hypervisor.version()).rejects.toBeInstanceOf(ConnectionError);
    expect(await hypervisor.version()).toBe(9_000_000);
  });

  // libvirtd waits for the socket although GnuTLS has decrypted the next packet already, until our next ping.
  test("sends each packet in a TLS record of its own", async () => {
    const daemon = await tlsDaemon();
    const hypervisor = await connectedTo(`${daemon.uri}?pkipath=${pkiFolder()}`);
    const records: Buffer[] = [];
    for (const socket of daemon.sockets) socket.on("data", (chunk: Buffer) => records.push(chunk));
    await Promise.all(Array.from({ length: 4 }, () => hypervisor.version()));
    expect(records.map((record) => record.length)).toEqual([28, 28, 28, 28]);
  });

  test("no_verify needs no CA", async () => {
    const daemon = await tlsDaemon();
    const hypervisor = await connectedTo(`${daemon.uri}?no_verify=1&pkipath=${pkiFolder({ ca: undefined })}`);
    expect(await hypervisor.version()).toBe(9_000_000);
  });

  test.each<[string, FakeTls["server"]]>([
    ["an unknown CA", certificate({ issuer: stranger })],
    ["another name", certificate({ hosts: ["other.example"] })],
    ["an expired certificate", certificate({ validHours: [-48, -24] })],
  ])("no_verify accepts %s", async (_, server) => {
    const daemon = await tlsDaemon({ ...(server && { server }) });
    const hypervisor = await connectedTo(`${daemon.uri}?no_verify=1&pkipath=${pkiFolder()}`);
    expect(await hypervisor.version()).toBe(9_000_000);
  });
});

describe("refused, with what was wanted, what was found and what would work", () => {
  const none: PkiFiles = { cert: undefined, key: undefined };
  test.each<[string, FakeTls, PkiFiles, RegExp]>([
    [
      "a server's certificate with other names",
      { server: certificate({ hosts: ["a.example", "b.example", "192.0.2.1"] }) },
      {},
      /its certificate \(CN=other\) is for a\.example, b\.example, 192\.0\.2\.1, but the URI names localhost; use one/,
    ],
    [
      "one that has expired",
      { server: certificate({ validHours: [-48, -24] }) },
      {},
      /its certificate \(CN=other\), or its CA's, has expired.* is valid from .* GMT to .* GMT; the CA's, .*cacert\.pem, is valid from/,
    ],
    ["one of the future", { server: certificate({ validHours: [24, 48] }) }, {}, /isn't valid yet/],
    [
      "one of an unknown CA",
      { server: certificate({ issuer: stranger }) },
      {},
      /is signed by "CN=Another CA", which isn't a CA in .*\/cacert\.pem \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\); add/,
    ],
    [
      "one that vouches for itself",
      { server: makeCertificate({ name: "self", hosts: ["localhost"] }) },
      {},
      /is signed by "CN=self", .* \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
    ],
    [
      "one of a client",
      { server: certificate({ use: "client" }) },
      {},
      /isn't a server certificate \(extended key usage\)/,
    ],
    [
      "a client's certificate of an unknown CA",
      {},
      identity({ issuer: stranger }),
      /it refused this client's certificate .*\/clientcert\.pem \(CN=other, signed by CN=Another CA, is valid from .*; it must be signed by the daemon's CA/,
    ],
    [
      "a client's certificate that has expired",
      {},
      identity({ validHours: [-48, -24] }),
      /it refused this client's certificate .* is valid from .* to .*\)/,
    ],
    ["a byte other than 1", { verdict: 0 }, {}, /it refused this client's certificate/],
    ["no byte", { verdict: null }, {}, /it refused this client's certificate/],
    [
      "no CA certificate",
      {},
      { ca: undefined },
      /the CA certificate .*\/cacert\.pem doesn't exist; libvirt's/,
    ],
    ["no client certificate", {}, none, /the client certificate .*\/clientcert\.pem doesn't exist/],
    ["no key", {}, { key: undefined }, /the client's private key .*\/clientkey\.pem doesn't exist/],
    ["a CA without content", {}, { ca: "\n" }, /cacert\.pem doesn't contain a certificate in PEM form/],
    [
      "a client certificate that isn't one",
      {},
      { cert: "no" },
      /clientcert\.pem doesn't contain a certificate/,
    ],
    [
      "another key",
      {},
      { key: stranger.key },
      /clientcert\.pem, .*clientkey\.pem can't be used for TLS: .*mismatch/,
    ],
    ["a key that isn't one", {}, { key: "no" }, /clientkey\.pem can't be used for TLS/],
    ["a list that isn't one", {}, { crl: "no" }, /cacrl\.pem can't be used for TLS/],
  ])("%s", async (_, tls, files, text) => {
    const daemon = await tlsDaemon(tls);
    const error = await failure(connect(`${daemon.uri}?pkipath=${pkiFolder(files)}`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/^cannot connect to the libvirt daemon at localhost, TLS port \d+: /);
    expect(error.message).toMatch(text);
    expect(daemon.calls, "nothing was sent").toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)("a key that may not be read", async () => {
    const folder = pkiFolder();
    chmodSync(join(folder, "clientkey.pem"), 0);
    expect((await failure(connect(`qemu+tls://localhost/system?pkipath=${folder}`))).message).toMatch(
      /clientkey\.pem can't be read: permission denied; it must be readable by the user who runs Pulumi/,
    );
  });

  test("a port without TLS", async () => {
    // As libvirtd does with a length that can't be.
    const uri = await serverThat((socket) => void socket.once("data", () => socket.destroy()));
    expect((await failure(connect(uri))).message).toMatch(
      /the TLS handshake failed \(.*\); libvirt's TLS port is 16514, its plain TCP port 16509/,
    );
  });

  test.each([
    ["unknown CA", 48],
    ["handshake failure", 40],
    ["bad certificate", 42],
    ["certificate expired", 45],
  ])("an alert: %s", async (_, alert) => {
    const bytes = Buffer.from([0x15, 3, 3, 0, 2, 2, alert]);
    const uri = await serverThat((socket) => void socket.once("data", () => socket.end(bytes)));
    expect((await failure(connect(uri))).message).toMatch(
      /it refused this client's certificate .*\(ERR_SSL_[\w/]+\); it must be signed by the daemon's CA/,
    );
  });

  test("a port where nothing listens", async () => {
    const daemon = await tlsDaemon();
    await daemon.stop();
    expect((await failure(connect(`${daemon.uri}?pkipath=${pkiFolder()}`))).message).toMatch(
      /nothing listens on that port; libvirtd listens for TLS with --listen, or by/,
    );
    await daemon.listen();
  });

  test("a host without an address", async () => {
    const uri = `qemu+tls://nowhere.invalid/system?pkipath=${pkiFolder()}`;
    expect((await failure(connect(uri))).message).toMatch(
      /nowhere\.invalid, TLS port 16514: the host name (doesn't resolve to an address|can't be resolved)/,
    );
  });

  test("silence after the handshake runs into the deadline too", async () => {
    const daemon = await tlsDaemon({ verdict: "none" });
    const uri = `${daemon.uri}?pkipath=${pkiFolder()}`;
    expect((await failure(connect(uri, { connectTimeoutMs: 200 }))).message).toMatch(
      /no answer within 200 ms/,
    );
  });

  test("silence in the handshake runs into the deadline", async () => {
    const uri = await serverThat(() => undefined);
    expect((await failure(connect(uri, { connectTimeoutMs: 50 }))).message).toMatch(/no answer within 50 ms/);
  });
});

test("what the daemon sends before its byte can't be taken for a packet: nothing is sent to it", async () => {
  const daemon = await tlsDaemon({ verdict: 0x15 });
  await failure(connect(`${daemon.uri}?pkipath=${pkiFolder()}`));
  expect(daemon.received).toHaveLength(0);
});

/** A server that does this with whoever connects; the URI of it as a daemon with TLS. */
async function serverThat(greet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    greet(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return `qemu+tls://localhost:${port}/session?pkipath=${pkiFolder()}`;
}

describe("where the certificates are", () => {
  const paths = (uri: string, files: string[], uid = 1000): TlsPaths =>
    tlsPaths(parseUri(uri), { home: "/home/me", uid, exists: (path) => files.includes(path) });
  const own = (name: string) => `/home/me/.pki/libvirt/${name}.pem`;
  const all = ["cacert", "cacrl", "clientcert", "clientkey"].map(own);
  const system = {
    ca: "/etc/pki/CA/cacert.pem",
    crl: "/etc/pki/CA/cacrl.pem",
    cert: "/etc/pki/libvirt/clientcert.pem",
    key: "/etc/pki/libvirt/private/clientkey.pem",
    clientRequired: false,
  };
  const uri = "qemu+tls://host/system";

  test("the option pkipath", () => {
    expect(paths(`${uri}?pkipath=/p`, all)).toEqual({
      ca: "/p/cacert.pem",
      crl: "/p/cacrl.pem",
      cert: "/p/clientcert.pem",
      key: "/p/clientkey.pem",
      clientRequired: true,
    });
  });

  test("the user's own", () => {
    expect(paths(uri, all)).toEqual({
      ca: own("cacert"),
      crl: own("cacrl"),
      cert: own("clientcert"),
      key: own("clientkey"),
      clientRequired: false,
    });
  });

  test("else the system's", () => expect(paths(uri, [])).toEqual(system));
  test("for root too", () => expect(paths(uri, all, 0)).toEqual(system));
  test("each file by itself", () =>
    expect(paths(uri, [own("cacert")])).toEqual({ ...system, ca: own("cacert") }));
  test("a certificate without its key isn't used", () =>
    expect(paths(uri, [own("clientcert")])).toEqual(system));
});
