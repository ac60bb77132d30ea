import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError, ErrorCode, LibvirtError } from "../../provider/libvirt/errors.ts";
import { procedures } from "../../provider/libvirt/procedures.ts";
import { connected, daemonWith, failure } from "./connected.ts";

const { authList, authPolkit, supportsFeature, open } = procedures;

describe("opening", () => {
  test("asks how to log in, switches keepalive on, opens the URI without its options", async () => {
    let name: string | null = "";
    const { daemon } = await connected({
      [open.number]: (call) => {
        name = call.args(open).name;
        call.reply(open, {});
      },
    });
    expect(daemon.calls).toEqual([authList.number, supportsFeature.number, open.number]);
    expect(name).toBe("qemu:///session");
  });

  test("polkit takes one call", async () => {
    const { daemon } = await connected({
      [authList.number]: (call) => call.reply(authList, { types: [2] }),
      [authPolkit.number]: (call) => call.reply(authPolkit, { complete: 1 }),
    });
    expect(daemon.calls.slice(0, 2)).toEqual([authList.number, authPolkit.number]);
  });

  test("a refusal by polkit is libvirt's own error", async () => {
    const daemon = await daemonWith({
      [authList.number]: (call) => call.reply(authList, { types: [2] }),
      [authPolkit.number]: (call) => call.error({ code: ErrorCode.AUTH_UNAVAILABLE, message: "no agent" }),
    });
    expect(await failure(connect(daemon.uri))).toMatchObject({
      name: "LibvirtError",
      code: 94,
      message: expect.stringMatching(/did not let this user in: no agent; polkit on its host must allow/),
    });
  });

  test("SASL is refused, with what would work", async () => {
    const daemon = await daemonWith({ [authList.number]: (call) => call.reply(authList, { types: [1] }) });
    const error = await failure(connect(daemon.uri));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /requires a SASL login, which is not supported; use its unix socket or qemu\+ssh/,
    );
  });

  test("a daemon that accepts and then stays silent", async () => {
    const daemon = await daemonWith({ [authList.number]: () => undefined });
    const error = await failure(connect(daemon.uri, { connectTimeoutMs: 30 }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /^cannot connect to the libvirt daemon at .*\/sock: no answer within 30 ms$/,
    );
  });

  test("nobody listens", async () => {
    const daemon = await daemonWith();
    await daemon.stop();
    expect((await failure(connect(daemon.uri))).message).toMatch(/the socket doesn't exist; is libvirtd/);
  });

  test("a socket path that is too long", async () => {
    const error = await failure(connect(`qemu:///system?socket=/${"x".repeat(107)}`));
    expect(error.message).toMatch(/longer than 107 bytes/);
  });

  test("a refused open closes the connection", async () => {
    const daemon = await daemonWith({ [open.number]: (call) => call.error({ code: ErrorCode.NO_SUPPORT }) });
    expect(await failure(connect(daemon.uri))).toBeInstanceOf(LibvirtError);
    for (const socket of daemon.sockets) await once(socket, "close");
  });
});
