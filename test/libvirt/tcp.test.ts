import { createServer } from "node:net";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { plainTcpRefusal } from "../../provider/libvirt/plain-tcp.ts";
import { parseUri } from "../../provider/libvirt/uri.ts";
import { failure } from "./connected.ts";
import { fakeDaemon } from "./fake-daemon.ts";

const refusal = (uri: string, allowed = false) => plainTcpRefusal(parseUri(uri), allowed);

describe("without encryption", () => {
  test.each([
    "qemu+tcp://localhost/system",
    "qemu+tcp://LocalHost:1/system",
    "qemu+tcp:///system",
    "qemu+tcp://127.0.0.1/system",
    "qemu+tcp://127.9.8.7/system",
    "qemu+tcp://[::1]/system",
    "qemu+tcp://[0:0:0:0:0:0:0:1]/system",
    "qemu+tls://host/system",
    "qemu+ssh://host/system",
    "qemu:///system",
  ])("%s is allowed", (uri) => expect(refusal(uri)).toBeUndefined());

  test.each([
    "qemu+tcp://host/system",
    "qemu+tcp://localhost.example/system",
    "qemu+tcp://127.0.0.1.example/system",
    "qemu+tcp://128.0.0.1/system",
    "qemu+tcp://0.0.0.0/system",
    "qemu+tcp://127.1/system",
    "qemu+tcp://[::]/system",
    "qemu+tcp://[fe80::1%25lo]/system",
    "qemu+tcp://[::ffff:192.0.2.1]/system",
  ])("%s is refused, unless the stack allows it", (uri) => {
    expect(refusal(uri)).toMatch(
      /^transport tcp sends everything unencrypted.*use qemu\+tls or qemu\+ssh, or set/,
    );
    expect(refusal(uri, true)).toBeUndefined();
  });

  property.prop([fc.oneof(fc.ipV4(), fc.domain())])(
    "only 127.0.0.0/8 and localhost are this host",
    (host) => {
      const isLoopback = host.startsWith("127.") && /^[\d.]+$/.test(host);
      expect(refusal(`qemu+tcp://${host}/system`) === undefined).toBe(isLoopback);
    },
  );

  test("a connection is refused before any name is looked up, with a code", async () => {
    const error = await failure(connect("qemu+tcp://nowhere.invalid/system"));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({
      code: "plain-tcp",
      message: expect.stringContaining('names "nowhere.invalid"'),
    });
  });

  test("an allowed one is tried", async () => {
    const error = await failure(connect("qemu+tcp://nowhere.invalid/system", { allowPlainTcp: true }));
    expect(error.message).toMatch(/nowhere\.invalid, TCP port 16509: the host name/);
  });
});

test("libvirt's protocol on a TCP port", async () => {
  const daemon = await fakeDaemon(
    {},
    { uri: (port) => `qemu+tcp://localhost:${port}/session`, makeServer: (accept) => createServer(accept) },
  );
  onTestFinished(() => daemon.remove());
  const hypervisor = await connect(daemon.uri);
  expect(await hypervisor.version()).toBe(9_000_000);
  await hypervisor.close();
  await daemon.stop();
  expect((await failure(connect(daemon.uri))).message).toMatch(
    /localhost, TCP port \d+: nothing listens on that port; libvirtd listens on TCP with --listen/,
  );
  await daemon.listen();
});
