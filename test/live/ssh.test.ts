import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError, LibvirtError } from "../../provider/libvirt/errors.ts";
import type { DomainEvent } from "../../provider/libvirt/hypervisor.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { LabUnavailable } from "../lab/packages.ts";
import { makeKey, type SshServer, startSshServer } from "../lab/ssh-server.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { failure } from "../libvirt/connected.ts";

let lab: Lab;
let server: SshServer;
/** Why there is no sshd here. */
let missing: string | undefined;
let login: string;
beforeAll(async () => {
  lab = await startLab();
  try {
    server = await startSshServer(lab, "sshd");
  } catch (error) {
    if (!(error instanceof LabUnavailable)) throw error;
    missing = error.message;
    return;
  }
  login = optionsOf("known");
});
afterAll(async () => {
  await server?.stop();
  await lab?.stop();
});
beforeEach(({ skip }) => skip(missing !== undefined, missing));

/** The URI's option for an ssh with this known_hosts and key, each time another. */
function optionsOf(name: string, options: { knownHosts?: string; key?: string } = {}): string {
  const { command } = server.client(name, { knownHosts: server.knownHost, key: server.key, ...options });
  return `command=${command}`;
}

async function works(uri: string): Promise<void> {
  const hypervisor = await connect(uri);
  onTestFinished(() => hypervisor.close());
  const local = await connect(lab.uri);
  onTestFinished(() => local.close());
  expect(await hypervisor.version()).toBe(await local.version());
  expect((await hypervisor.capabilities()).length).toBeGreaterThan(10_000);
}

describe("through a real sshd", () => {
  test("to virt-ssh-helper", () => works(`${server.uri}?${login}`));
  test("to netcat", () => {
    const socket = join(lab.dir, "run", "libvirt", "libvirt-sock");
    return works(`${server.uri}?${login}&socket=${socket}&netcat=${server.netcat}`);
  });
  test("with the key of the option keyfile", () =>
    works(`${server.uri}?${optionsOf("keyfile", { key: "none" })}&keyfile=${server.key}`));

  test("a login of 3 s", async () => {
    const slow = await startSshServer(lab, "slow", 'sleep 3; eval "exec $SSH_ORIGINAL_COMMAND"');
    onTestFinished(() => slow.stop());
    const { command } = slow.client("client", { knownHosts: slow.knownHost, key: slow.key });
    const started = performance.now();
    await works(`${slow.uri}?command=${command}`);
    expect(performance.now() - started).toBeGreaterThan(3000);
  });
});

describe("refused", () => {
  test("without a key that may log in", async () => {
    const error = await failure(connect(`${server.uri}?${optionsOf("keyless", { key: "none" })}`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/Permission denied \(publickey\).*; ssh must be able to log in without/);
  });

  test("with another key", async () => {
    const key = await makeKey(join(lab.dir, "stranger_key"));
    const uri = `${server.uri}?${optionsOf("stranger", { key: "none" })}&keyfile=${key}`;
    expect((await failure(connect(uri))).message).toMatch(/Permission denied \(publickey\)/);
  });

  test("a server whose host key is unknown, unless no_verify accepts and remembers it", async () => {
    const client = server.client("unknown", { knownHosts: "", key: server.key });
    const uri = `${server.uri}?command=${client.command}`;
    expect((await failure(connect(uri))).message).toMatch(
      /Host key verification failed.*; the host's key is unknown: add it to known_hosts/,
    );
    await works(`${uri}&no_verify=1`);
    expect(readFileSync(client.knownHosts, "utf8")).toBe(server.knownHost);
    await works(uri);
  });

  test("a server whose host key has changed, whatever no_verify is", async () => {
    const other = readFileSync(`${await makeKey(join(lab.dir, "other_key"))}.pub`, "utf8");
    const knownHosts = `[127.0.0.1]:${server.port} ${other}`;
    const uri = `${server.uri}?${optionsOf("changed", { knownHosts })}`;
    for (const each of [uri, `${uri}&no_verify=1`]) {
      expect((await failure(connect(each))).message).toMatch(
        /REMOTE HOST IDENTIFICATION HAS CHANGED.*; the host has another key than known_hosts/s,
      );
    }
  });

  test("a program that the server doesn't have", async () => {
    const error = await failure(connect(`${server.uri}?${login}&socket=/x&netcat=/no/nc`));
    expect(error.message).toMatch(/\/no\/nc.*not found/);
  });

  test("a port where no sshd listens", async () => {
    const gone = await startSshServer(lab, "gone");
    const { command } = gone.client("client", { knownHosts: gone.knownHost, key: gone.key });
    await gone.stop();
    expect((await failure(connect(`${gone.uri}?command=${command}`))).message).toMatch(/Connection refused/);
  });
});

describe("a session that breaks in the middle", () => {
  test("fails the call in flight at once, and the next one logs in again", async () => {
    const hypervisor = await connect(`${server.uri}?${login}`);
    onTestFinished(() => hypervisor.close());
    const pid = Number(readFileSync(join(lab.dir, "run", "libvirt", "libvirtd.pid"), "utf8"));
    process.kill(pid, "SIGSTOP");
    try {
      const call = failure(hypervisor.version());
      server.dropSessions();
      expect(await call).toMatchObject({
        name: "ConnectionError",
        message: expect.stringMatching(/did not answer CONNECT_GET_LIB_VERSION.*may have carried it out/),
      });
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect(await hypervisor.version()).toBeGreaterThan(0);
  });

  test("is noticed by who listens to events, and restored", async () => {
    const hypervisor = await connect(`${server.uri}?${login}`);
    onTestFinished(() => hypervisor.close());
    const domain = await hypervisor.define(
      "<domain type='qemu'><name>ssh</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>",
    );
    const heard: DomainEvent["kind"][] = [];
    await hypervisor.subscribe(domain, ({ kind }) => heard.push(kind));
    server.dropSessions();
    await waitUntil("the subscription to be restored", () => heard.includes("reconnected"), {
      seen: () => heard.join(", "),
    });
    await hypervisor.undefine(domain);
    await waitUntil("an event", () => heard.includes("lifecycle"), { seen: () => heard.join(", ") });
    expect(heard).toEqual(["disconnected", "reconnected", "lifecycle"]);
  });
});

test("polkit is asked by the daemon, and its answer is libvirt's own error", async () => {
  writeFileSync(lab.settings, 'auth_unix_rw = "polkit"\n');
  onTestFinished(async () => {
    rmSync(lab.settings);
    await lab.restartDaemon();
  });
  // virsh, by which the lab sees that it runs, may be refused as well: only root isn't asked.
  await lab.restartDaemon().catch(() => undefined);
  const socket = join(lab.dir, "run", "libvirt", "libvirt-sock");
  const error = await failure(connect(`${server.uri}?${login}&socket=${socket}&netcat=${server.netcat}`));
  expect(error).toBeInstanceOf(LibvirtError);
  expect(error.message).toMatch(/through ssh did not let this user in: .*; polkit on its host must allow/);
});
