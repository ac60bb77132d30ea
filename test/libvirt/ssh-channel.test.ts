import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConnectOptions, connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { type FakeDaemon, fakeDaemon } from "./fake-daemon.ts";
import { type FarEnd, farEnd, NETCAT } from "./far-end.ts";

/** virt-ssh-helper as far as it matters here: the socket is in the URI that it gets. */
const HELPER = NETCAT.replace(
  "process.argv.at(-1)",
  'new URL(process.argv.at(-1)).searchParams.get("socket")',
);

let daemon: FakeDaemon;
let far: FarEnd;
let uri: string;
beforeEach(async () => {
  daemon = await fakeDaemon();
  far = farEnd();
  const socket = new URL(daemon.uri).searchParams.get("socket");
  uri = `qemu+ssh://me@far.example/session?command=${far.ssh}&socket=${socket}`;
});
afterEach(async () => {
  far.remove();
  await daemon.remove();
});

const failure = (text: string, options?: ConnectOptions): Promise<Error> =>
  connect(text, options).then(
    () => expect.unreachable("it connected"),
    (error) => error,
  );

describe("through ssh", () => {
  test("virt-ssh-helper is asked first", async () => {
    far.install("virt-ssh-helper", HELPER);
    far.install("nc", "#!/bin/sh\nexit 9\n");
    const hypervisor = await connect(uri);
    expect(await hypervisor.version()).toBe(9_000_000);
    await hypervisor.close();
    expect(readFileSync(far.log, "utf8").match(/^virt-ssh-helper /gm)).toHaveLength(1);
  });

  test("a host without it is asked for netcat", async () => {
    far.install("nc", NETCAT);
    const hypervisor = await connect(uri);
    expect(await hypervisor.version()).toBe(9_000_000);
    await hypervisor.close();
    expect(readFileSync(far.log, "utf8")).toMatch(/^virt-ssh-helper [\s\S]*^nc -U \/.*\/sock$/m);
  });

  test("proxy=netcat asks for nothing else, by the name it is given", async () => {
    far.install("virt-ssh-helper", HELPER);
    far.install("my-nc", NETCAT);
    const hypervisor = await connect(`${uri}&proxy=netcat&netcat=my-nc`);
    await hypervisor.close();
    expect(readFileSync(far.log, "utf8")).not.toMatch(/virt-ssh-helper/);
  });

  test("proxy=native takes no other", async () => {
    far.install("nc", NETCAT);
    const error = await failure(`${uri}&proxy=native`);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /^cannot connect to the libvirt daemon at far\.example through ssh: .*not found/,
    );
  });

  test("ssh's own words are the reason, without what a terminal would obey", async () => {
    far.install("virt-ssh-helper", "#!/bin/sh\nprintf 'no\\033[31m such\\nuser' >&2\nexit 255\n");
    expect((await failure(uri)).message).toBe(
      "cannot connect to the libvirt daemon at far.example through ssh: no [31m such user",
    );
  });

  test("no ssh on this machine", async () => {
    expect((await failure("qemu+ssh://far.example/system?command=/no/ssh")).message).toMatch(
      /there is no program «\/no\/ssh» on this machine/,
    );
  });

  test("a far end that says nothing runs into the deadline, and ssh is ended", async () => {
    far.install("virt-ssh-helper", HELPER);
    daemon.handlers = {};
    const error = await failure(uri, { connectTimeoutMs: 500 });
    expect(error.message).toMatch(/no answer within 500 ms/);
    for (const socket of daemon.sockets) await once(socket, "close");
  });

  test("a connection that breaks is made anew", async () => {
    far.install("virt-ssh-helper", HELPER);
    const hypervisor = await connect(uri);
    for (const socket of daemon.sockets) socket.destroy();
    await expect(hypervisor.version()).rejects.toBeInstanceOf(ConnectionError);
    expect(await hypervisor.version()).toBe(9_000_000);
    await hypervisor.close();
  });
});
