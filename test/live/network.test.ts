import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { clientFolder, listenOnNetwork } from "../lab/network.ts";
import { failure } from "../libvirt/connected.ts";
import { makeCertificate } from "../support/certificates.ts";

const ca = makeCertificate({ name: "Lab CA", isCa: true });
const server = makeCertificate({ name: "localhost", issuer: ca, hosts: ["localhost"], use: "server" });
const client = makeCertificate({ name: "me", issuer: ca, use: "client" });
const stranger = makeCertificate({ name: "Another CA", isCa: true });

let lab: Lab;
let tls: string;
let tcp: string;
beforeAll(async () => {
  lab = await startLab({ network: true });
  ({ tls, tcp } = await listenOnNetwork(lab, { ca, server }));
});
afterAll(() => lab?.stop());

const pki = (name: string, files: Partial<Parameters<typeof clientFolder>[2]> = {}) =>
  clientFolder(lab, name, { ca, client, ...files });

/** The same domain by every transport. */
async function sees(uri: string): Promise<void> {
  const hypervisor = await connect(uri);
  try {
    const xml =
      "<domain type='qemu'><name>net</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>";
    const domain = await hypervisor.define(xml);
    const heard: string[] = [];
    const stopped = await hypervisor.subscribe(domain, ({ kind }) => heard.push(kind));
    expect((await lab.virsh("list", "--all", "--name")).trim()).toBe("net");
    // Larger than what TLS and TCP carry at once.
    expect((await hypervisor.capabilities()).length).toBeGreaterThan(10_000);
    await hypervisor.undefine(domain);
    await vi.waitFor(() => expect(heard).toContain("lifecycle"));
    await stopped();
    expect(await hypervisor.findByName("net")).toBeUndefined();
  } finally {
    await hypervisor.close();
  }
}

describe("a real daemon", () => {
  test("by TLS", () => sees(`${tls}?pkipath=${pki("client")}`));
  test("by TLS, which a host without a transport means", () =>
    sees(`${tls.replace("+tls", "")}?pkipath=${pki("default")}`));
  test("by TCP, on this host", () => sees(tcp));
});

test.each(["TLS", "TCP"])(
  "by %s many calls at once are answered without a ping in between",
  async (transport) => {
    const uri = transport === "TCP" ? tcp : `${tls}?pkipath=${pki("busy")}`;
    const hypervisor = await connect(uri, {
      keepaliveIntervalMs: 60_000,
      callTimeoutMs: 4_000,
      slowCallTimeoutMs: 4_000,
    });
    onTestFinished(() => hypervisor.close());
    const versions = await Promise.all(Array.from({ length: 60 }, () => hypervisor.version()));
    expect(new Set(versions).size).toBe(1);
    const texts = await Promise.all(Array.from({ length: 20 }, () => hypervisor.capabilities()));
    expect(new Set(texts).size).toBe(1);
  },
);

describe("refused by TLS", () => {
  test("a client whose certificate another CA signed: the daemon closes after the handshake", async () => {
    const folder = pki("foreign", { client: makeCertificate({ name: "me", issuer: stranger }) });
    const error = await failure(connect(`${tls}?pkipath=${folder}`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /it refused this client's certificate .*clientcert\.pem \(CN=me, signed by CN=Another CA/,
    );
  });

  test("a client whose certificate has expired", async () => {
    const expired = makeCertificate({ name: "me", issuer: ca, validHours: [-48, -24] });
    const error = await failure(connect(`${tls}?pkipath=${pki("expired", { client: expired })}`));
    expect(error.message).toMatch(/it refused this client's certificate/);
  });

  test("a daemon of another CA, unless that isn't checked", async () => {
    const folder = pki("strange", { ca: stranger });
    expect((await failure(connect(`${tls}?pkipath=${folder}`))).message).toMatch(
      /its certificate \(CN=localhost\) is signed by "CN=Lab CA", which isn't a CA in .*cacert\.pem/,
    );
    await sees(`${tls}?no_verify=1&pkipath=${folder}`);
  });

  test("another name of the host", async () => {
    const uri = `${tls.replace("localhost", "127.0.0.1")}?pkipath=${pki("name")}`;
    expect((await failure(connect(uri))).message).toMatch(/is for localhost, but the URI names 127\.0\.0\.1/);
  });

  test("TLS on the port of TCP", async () => {
    const uri = `${tcp.replace("+tcp", "+tls")}?pkipath=${pki("port")}`;
    expect((await failure(connect(uri))).message).toMatch(/the TLS handshake failed/);
  });

  test("TCP on the port of TLS", async () => {
    expect(await failure(connect(tls.replace("+tls", "+tcp")))).toBeInstanceOf(ConnectionError);
  });
});

describe("a daemon that wants a login", () => {
  test("SASL is refused with what would work, and the other transports go on", async () => {
    const other = await listenOnNetwork(lab, { ca, server, settings: ['auth_tcp = "sasl"'] });
    expect((await failure(connect(other.tcp))).message).toMatch(
      /localhost, TCP port \d+ requires a SASL login, which is not supported; use/,
    );
    await sees(`${other.tls}?pkipath=${pki("sasl")}`);
  });

  test("a client that is not in tls_allowed_dn_list", async () => {
    const other = await listenOnNetwork(lab, { ca, server, settings: ['tls_allowed_dn_list = ["CN=you"]'] });
    expect((await failure(connect(`${other.tls}?pkipath=${pki("dn")}`))).message).toMatch(
      /it refused this client's certificate .*tls_allowed_dn_list/,
    );
  });
});
