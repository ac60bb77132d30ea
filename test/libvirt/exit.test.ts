import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { procedures } from "../../provider/libvirt/procedures.ts";
import { fakeDaemon, type Handlers } from "./fake-daemon.ts";
import { pkiFolder, tlsDaemon } from "./fake-tls.ts";
import { farEnd, NETCAT } from "./far-end.ts";

const { registerEvent, capabilities } = procedures;

const handlers: Handlers = {
  [registerEvent.number]: (call) => call.reply(registerEvent, { callbackId: 1 }),
  // Answered in a turn of its own: until then nothing but the open call is there to wait for.
  [capabilities.number]: (call) => setTimeout(() => call.reply(capabilities, { capabilities: "<c/>" }), 50),
};

async function outputOfClient(uri: string): Promise<string> {
  const client = join(import.meta.dirname, "idle-client.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [client, uri]);
  return stdout;
}

test("by tls: a call in flight keeps the process, an idle connection does not", async () => {
  const daemon = await tlsDaemon({}, handlers);
  expect(await outputOfClient(`${daemon.uri}?pkipath=${pkiFolder()}`)).toBe("<c/>\n");
});

test.each(["unix", "ssh"])(
  "by %s: a call in flight keeps the process, an idle connection does not",
  async (transport) => {
    const daemon = await fakeDaemon(handlers);
    const far = farEnd();
    onTestFinished(async () => {
      far.remove();
      await daemon.remove();
    });
    far.install("nc", NETCAT);
    const socket = new URL(daemon.uri).searchParams.get("socket");
    const uri =
      transport === "unix"
        ? daemon.uri
        : `qemu+ssh://far/session?command=${far.ssh}&proxy=netcat&socket=${socket}`;
    expect(await outputOfClient(uri)).toBe("<c/>\n");
  },
);
