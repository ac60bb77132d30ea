import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { clientFolder, listenOnNetwork } from "../lab/network.ts";
import { LabUnavailable } from "../lab/packages.ts";
import { startSshServer } from "../lab/ssh-server.ts";
import { makeCertificate } from "../support/certificates.ts";
import { MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory } from "../support/virsh.ts";

let lab: Lab;
let tls: string;
let tcp: string;
beforeAll(async () => {
  lab = await startLab({ network: true });
  const ca = makeCertificate({ name: "Lab CA", isCa: true });
  const server = makeCertificate({ name: "localhost", issuer: ca, hosts: ["localhost"] });
  const client = makeCertificate({ name: "me", issuer: ca });
  const uris = await listenOnNetwork(lab, { ca, server });
  tls = `${uris.tls}?pkipath=${clientFolder(lab, "client", { ca, client })}`;
  tcp = uris.tcp;
});
afterAll(() => lab?.stop());

/** A domain is created, grows while it runs, and is destroyed. */
async function lives(name: string, uri: string): Promise<void> {
  const stack = await stackOnLab(lab, { [name]: { ...BARE, uri } });
  await stack.apply();
  const pid = lab.qemuPid(name);
  stack.edit(name, { memory: "512MiB" });
  expect(said(await stack.preview(), name)).toContain("live: 256 → 512 MiB");
  await stack.apply();
  expect(lab.qemuPid(name)).toBe(pid);
  expect(await liveMemory(lab, name)).toMatchObject({ memory: 512 * MIB });
  await stack.expectSettled();
  expect((await stack.destroy()).errors).toEqual([]);
  expect(await lab.virsh("list", "--all", "--name")).not.toContain(name);
}

test("by TLS", () => lives("by-tls", tls));
test("by TCP on this host", () => lives("by-tcp", tcp));

test("through ssh with a login of 3 s, which is longer than a preview waits for a unix socket", async ({
  skip,
}) => {
  const ssh = await startSshServer(lab, "slow", 'sleep 3; eval "exec $SSH_ORIGINAL_COMMAND"').catch(
    (error: unknown) => {
      if (error instanceof LabUnavailable) return skip(error.message);
      throw error;
    },
  );
  const { command } = ssh.client("client", { knownHosts: ssh.knownHost, key: ssh.key });
  await lives("by-ssh", `${ssh.uri}?command=${command}`);
  await ssh.stop();
});
