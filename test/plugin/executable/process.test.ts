import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import type { FakeDaemon } from "../../libvirt/fake-daemon.ts";
import { buildPackage } from "../../support/build-package.ts";
import { FakeHypervisor } from "../../support/fake-hypervisor.ts";
import { fakeLibvirtd } from "../../support/fake-libvirtd.ts";
import { type PluginProcess, startPlugin } from "../../support/plugin-process.ts";

/** Nobody listens there. */
const NO_ENGINE = "127.0.0.1:9";
const URN = "urn:pulumi:dev::shop::libvirt-hotplug:index:Domain::web-1";

let plugin: PluginProcess;
let daemon: FakeDaemon;

beforeAll(buildPackage, 120_000);
beforeEach(async () => {
  daemon = await fakeLibvirtd(new FakeHypervisor());
  plugin = await startPlugin(NO_ENGINE);
});
afterEach(async () => {
  await plugin.stop();
  await daemon.remove();
});

async function configure(uri = daemon.uri): Promise<void> {
  await plugin.call("Handshake", { engine_address: NO_ENGINE });
  await plugin.call("Configure", { args: { uri, domainType: "qemu" } });
}

async function checked(news: object) {
  const answer = await plugin.call("Check", { urn: URN, olds: {}, news });
  if ("error" in answer) throw new Error(answer.error.message);
  return answer.response;
}

test("prints its port, and nothing else", async () => {
  await configure();
  const { inputs } = await checked({ memory: "1GiB", interfaces: [{ network: "default" }] });
  await plugin.call("Create", { urn: URN, properties: inputs, preview: true });
  const created = await plugin.call("Create", { urn: URN, properties: inputs });
  expect(created).toMatchObject({ response: { properties: { liveMemory: "1024MiB" } } });
  await plugin.call("Check", { urn: URN, olds: {}, news: { memory: "much" } });
  await plugin.call("Diff", { urn: URN, id: "?", olds: {}, news: {} });
  expect(plugin.stdout()).toBe(`${plugin.port}\n`);
});

test("gives the package's version, which an SDK compares with its own", async () => {
  const info = await plugin.call("GetPluginInfo", {});
  expect(info).toMatchObject({ response: { version: packageJson.version } });
});

describe("ends", () => {
  /** A create whose hypervisor never answers: it would last longer than a test may. */
  async function hangInACreate(): Promise<void> {
    await configure();
    const { inputs } = await checked({ memory: "1GiB" });
    daemon.handlers = {};
    const called = daemon.calls.length;
    void plugin.call("Create", { urn: URN, properties: inputs });
    while (daemon.calls.length === called) await pause(10);
  }

  test("at SIGINT, at once, whatever it waits for", async () => {
    await hangInACreate();
    plugin.child.kill("SIGINT");
    expect(await plugin.exited).toBe(0);
  });

  test("when the engine is gone, whose end of the standard input closes", async () => {
    await hangInACreate();
    plugin.closeStdin();
    await plugin.exited;
  });
});

describe("goes on", () => {
  /** Sends bytes to its port, and reads what comes until the connection ends or is quiet. */
  async function send(bytes: Buffer): Promise<void> {
    const socket: Socket = connect(plugin.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(bytes);
    await Promise.race([once(socket, "close"), pause(200)]);
    socket.destroy();
  }

  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  test.each<[what: string, bytes: Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["HTTP/1.1", Buffer.from("POST /pulumirpc.ResourceProvider/Create HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["a TLS handshake", Buffer.from("16030100a5010000a10303", "hex")],
    ["random bytes", Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251))],
    ["an HTTP/2 preface and random bytes", Buffer.concat([preface, Buffer.alloc(2048, 0xa5)])],
    [
      "an HTTP/2 frame of the largest length",
      Buffer.concat([preface, Buffer.from("ffffff0000000000", "hex")]),
    ],
  ])("after %s on its port", async (_, bytes) => {
    await send(bytes);
    await configure();
    expect(await checked({ memory: "1GiB" })).toMatchObject({ failures: [] });
  });

  test("after a message that is not of the protocol", async () => {
    const { client } = plugin;
    const rejected = await new Promise<number>((resolve) => {
      const write = () => Buffer.from("ffffffffff", "hex");
      const read = (bytes: Buffer) => messages.CheckResponse.deserializeBinary(bytes);
      client.makeUnaryRequest("/pulumirpc.ResourceProvider/Check", write, read, {}, (error) =>
        resolve(error?.code ?? status.OK),
      );
    });
    expect(rejected).not.toBe(status.OK);
    await configure();
    expect(await checked({ memory: "1GiB" })).toMatchObject({ failures: [] });
  });

  test("after calls before its configuration, which fail by name", async () => {
    const early = await plugin.call("Check", { urn: URN, olds: {}, news: { memory: "1GiB" } });
    expect(early).toMatchObject({
      error: { code: status.FAILED_PRECONDITION, message: expect.stringContaining("configured") },
    });
    await configure();
    expect(await checked({ memory: "1GiB" })).toMatchObject({ failures: [] });
  });

  test("after a call that it doesn't have", async () => {
    const refused = await new Promise((resolve) => {
      plugin.client.invoke(new messages.InvokeRequest(), (error) => resolve(error));
    });
    expect(refused).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining("Invoke"),
    });
  });
});
