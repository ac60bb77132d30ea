import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConnectOptions, connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { type FakeDaemon, fakeDaemon } from "./fake-daemon.ts";
import { type FarEnd, farEnd, NETCAT } from "./far-end.ts";

let daemon: FakeDaemon;
let far: FarEnd;
/** virt-ssh-helper as far as it matters here: it knows by itself where the daemon is. */
let helper: string;
let uri: string;
let socket: string;
beforeEach(async () => {
  daemon = await fakeDaemon();
  far = farEnd();
  socket = new URL(daemon.uri).searchParams.get("socket") ?? "";
  helper = NETCAT.replace("process.argv.at(-1)", JSON.stringify(socket));
  uri = `qemu+ssh://me@far.example/system?command=${far.ssh}`;
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
    far.install("virt-ssh-helper", helper);
    far.install("nc", "#!/bin/sh\nexit 9\n");
    const hypervisor = await connect(uri);
    expect(await hypervisor.version()).toBe(9_000_000);
    await hypervisor.close();
    expect(readFileSync(far.log, "utf8").match(/^virt-ssh-helper /gm)).toHaveLength(1);
  });

  test("a host without it is asked for netcat", async () => {
    // The system's own socket is what it is asked for; this machine may not have one.
    far.install("nc", helper);
    const hypervisor = await connect(uri);
    expect(await hypervisor.version()).toBe(9_000_000);
    await hypervisor.close();
    expect(readFileSync(far.log, "utf8")).toMatch(
      /^virt-ssh-helper [\s\S]*^nc -U \/var\/run\/libvirt\/libvirt-sock$/m,
    );
  });

  test("with a socket netcat is asked for it, by the name that is given", async () => {
    far.install("virt-ssh-helper", helper);
    far.install("my-nc", NETCAT);
    const hypervisor = await connect(`${uri}&socket=${socket}&netcat=my-nc`);
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

  test("ssh's own message is the reason, without escape sequences", async () => {
    far.install("virt-ssh-helper", "#!/bin/sh\nprintf 'no\\033[31m such\\nuser' >&2\nexit 255\n");
    expect((await failure(uri)).message).toBe(
      "cannot connect to the libvirt daemon at far.example through ssh: no [31m such user",
    );
  });

  // As ssh does with ControlPersist, and some a ProxyCommand.
  test("a process that ssh leaves behind doesn't delay its end", async () => {
    const pid = `${far.log}.pid`;
    const lines = ["#!/bin/sh", "/bin/sleep 60 &", `echo $! > '${pid}'`, "echo closed >&2", "exit 255", ""];
    far.install("virt-ssh-helper", lines.join("\n"));
    const error = await failure(uri, { connectTimeoutMs: 5_000 });
    process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
    expect(error.message).toBe("cannot connect to the libvirt daemon at far.example through ssh: closed");
  });

  test("no ssh on this machine", async () => {
    expect((await failure("qemu+ssh://far.example/system?command=/no/ssh")).message).toMatch(
      /the program "\/no\/ssh" doesn't exist on this machine/,
    );
  });

  test("a silent remote host runs into the deadline, and ssh is ended", async () => {
    far.install("virt-ssh-helper", helper);
    daemon.handlers = {};
    const error = await failure(uri, { connectTimeoutMs: 500 });
    expect(error.message).toMatch(/no answer within 500 ms/);
    for (const socket of daemon.sockets) await once(socket, "close");
  });

  test("a connection that breaks is reopened", async () => {
    far.install("virt-ssh-helper", helper);
    const hypervisor = await connect(uri);
    for (const socket of daemon.sockets) socket.destroy();
    await expect(hypervisor.version()).rejects.toBeInstanceOf(ConnectionError);
    expect(await hypervisor.version()).toBe(9_000_000);
    await hypervisor.close();
  });
});

test("a process without a file descriptor left reports that ssh can't be started", async () => {
  const ssh = JSON.stringify(join(import.meta.dirname, "../../provider/libvirt/ssh.ts"));
  const uri = JSON.stringify(join(import.meta.dirname, "../../provider/libvirt/uri.ts"));
  const program = `
    const { openSsh } = await import(${ssh});
    const { parseUri } = await import(${uri});
    const { openSync } = await import("node:fs");
    const parsed = parseUri("qemu+ssh://host/system");
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    try { openSsh(parsed, "native"); } catch (error) { console.log(error.message); }
  `;
  const run = promisify(execFile);
  const { stdout, stderr } = await run("sh", [
    "-c",
    'ulimit -n 128; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    program,
  ]);
  expect([stdout, stderr]).toEqual(['cannot start "ssh": too many open files in this process\n', ""]);
});
