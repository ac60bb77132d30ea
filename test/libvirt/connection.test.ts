import { describe, expect, test } from "vitest";
import { ConnectionError, ErrorCode, LibvirtError } from "../../provider/libvirt/errors.ts";
import { encodePacket } from "../../provider/libvirt/packet.ts";
import { procedures } from "../../provider/libvirt/procedures.ts";
import { connected, failure } from "./connected.ts";
import type { Call } from "./fake-daemon.ts";

const { agentCommand, open, close, capabilities, libVersion, lookupByName } = procedures;
const web = { name: "web-1", uuid: "3b31b594-441d-4f03-80ad-7ec543ac4e6b", id: 7 };

describe("calls", () => {
  test("libvirt's error has its code, domain, level and texts", async () => {
    const { hypervisor } = await connected({
      [libVersion.number]: (call) =>
        call.error({
          code: 55,
          domain: 20,
          level: 2,
          message: "not running",
          str1: "a",
          str2: null,
          str3: "c",
        }),
    });
    const error = await failure(hypervisor.version());
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      code: 55,
      domain: 20,
      level: 2,
      message: "not running",
      str1: "a",
      str2: null,
      str3: "c",
    });
  });

  test("libvirt's text is cut, and has no escape sequences", async () => {
    const { hypervisor } = await connected({
      [libVersion.number]: (call) => call.error({ message: `\u001b[2J\n${"x".repeat(4_000_000)}` }),
    });
    const { message } = await failure(hypervisor.version());
    expect(message).toMatch(/^\[2J x+… \(4000005 characters\)$/);
    expect(message.length).toBeLessThan(2100);
  });

  test.each(["null", "7", '"text"', "{", "", "9".repeat(3_900_000)])(
    "a guest agent's reply that is not an object is an error",
    async (result) => {
      const { hypervisor } = await connected({
        [agentCommand.number]: (call) => {
          const head = { ...call.packet.header, type: 1, status: 0 };
          call.socket.write(encodePacket(head, agentCommand.reply, { result }));
        },
      });
      const ping = hypervisor.agentCommand(web, { execute: "guest-ping" }, 1);
      expect(await failure(ping)).toMatchObject({
        name: "ConnectionError",
        message: "the guest agent's reply is not a JSON object",
      });
    },
  );

  test("only 'no domain' means that a domain is missing", async () => {
    const { daemon, hypervisor } = await connected({
      [lookupByName.number]: (call) => call.error({ code: ErrorCode.NO_DOMAIN }),
    });
    expect(await hypervisor.findByName("web-1")).toBeUndefined();
    daemon.handlers[lookupByName.number] = (call) => call.error({ code: ErrorCode.INTERNAL });
    expect(await failure(hypervisor.findByName("web-1"))).toMatchObject({ code: 1 });
    daemon.handlers[lookupByName.number] = (call) => call.reply(lookupByName, { domain: web });
    expect(await hypervisor.findByName("web-1")).toEqual(web);
  });

  test("what can't be encoded is refused before anything is sent", async () => {
    const { daemon, hypervisor } = await connected();
    const before = daemon.calls.length;
    expect((await failure(hypervisor.findByName("web\0x"))).message).toMatch(/must not contain NUL/);
    expect(daemon.calls).toHaveLength(before);
  });

  test("at most four are in flight on a connection; then another is opened; past four connections they queue", async () => {
    const held: Call[] = [];
    const { daemon, hypervisor } = await connected({ [capabilities.number]: (call) => held.push(call) });
    const results = Promise.all(Array.from({ length: 40 }, () => hypervisor.capabilities()));
    const perSocket = (calls: Call[]) =>
      [...daemon.sockets].map((socket) => calls.filter((call) => call.socket === socket).length);
    await daemon.called(capabilities.number, 16);
    expect(perSocket(held)).toEqual([4, 4, 4, 4]);
    for (let answered = 0; answered < 40; answered++) {
      const wanted = Math.min(40, answered + 16);
      await daemon.called(capabilities.number, wanted);
      expect(held).toHaveLength(wanted);
      expect(Math.max(...perSocket(held.slice(answered)))).toBeLessThanOrEqual(4);
      held[answered]?.reply(capabilities, { capabilities: "<c/>" });
    }
    expect(await results).toHaveLength(40);
  });

  test("as long as four are enough, there is one connection", async () => {
    const { daemon, hypervisor } = await connected();
    for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 4 }, () => hypervisor.version()));
    expect(daemon.sockets.size).toBe(1);
  });

  test("replies may come in any order", async () => {
    const held: Call[] = [];
    const { daemon, hypervisor } = await connected({ [capabilities.number]: (call) => held.push(call) });
    const results = Promise.all([hypervisor.capabilities(), hypervisor.capabilities()]);
    await daemon.called(capabilities.number, 2);
    held[1]?.reply(capabilities, { capabilities: "second" });
    held[0]?.reply(capabilities, { capabilities: "first" });
    expect(await results).toEqual(["first", "second"]);
  });
});

describe("a daemon that goes away", () => {
  test("the calls in flight fail, the next one reconnects", async () => {
    const { daemon, hypervisor } = await connected({
      [capabilities.number]: (call) => call.socket.destroy(),
    });
    const error = await failure(hypervisor.capabilities());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /did not answer CONNECT_GET_CAPABILITIES: the daemon closed the connection; the daemon may/,
    );
    expect(await hypervisor.version()).toBe(9_000_000);
    expect(daemon.calls.filter((number) => number === open.number)).toHaveLength(2);
  });

  test("calls that still wait for their turn are not lost", async () => {
    const { daemon, hypervisor } = await connected();
    let first = true;
    daemon.handlers[capabilities.number] = (call) => {
      if (!first) return call.reply(capabilities, { capabilities: "<c/>" });
      first = false;
      call.socket.destroy();
    };
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => hypervisor.capabilities()));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(4).fill("rejected"),
      ...Array(4).fill("fulfilled"),
    ]);
  });

  test("an error while it is away; back on the same socket, calls work again", async () => {
    const { daemon, hypervisor } = await connected();
    await daemon.stop();
    expect(await failure(hypervisor.version())).toBeInstanceOf(ConnectionError);
    await daemon.listen();
    expect(await hypervisor.version()).toBe(9_000_000);
  });

  test("a closed hypervisor says goodbye and stays closed", async () => {
    const { daemon, hypervisor } = await connected();
    await hypervisor.close();
    expect(daemon.calls.at(-1)).toBe(close.number);
    expect((await failure(hypervisor.version())).message).toMatch(/was closed/);
  });
});
