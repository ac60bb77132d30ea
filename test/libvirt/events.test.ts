import { afterEach, expect, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import type { DomainEvent, Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { domain, procedures } from "../../provider/libvirt/procedures.ts";
import { int, string, struct, u64 } from "../../provider/libvirt/xdr.ts";
import { type FakeDaemon, fakeDaemon, type Handlers } from "./fake-daemon.ts";

const { registerEvent, deregisterEvent, libVersion } = procedures;
const web = { name: "web-1", uuid: "3b31b594-441d-4f03-80ad-7ec543ac4e6b", id: 7 };
const other = { name: "web-2", uuid: "b1dc2df0-6880-4ed2-8f9c-aa42d7414f28", id: 8 };

const lifecycle = struct({ callbackId: int, domain, event: int, detail: int });
const device = struct({ callbackId: int, domain, alias: string });
const balloon = struct({ callbackId: int, domain, actualKib: u64 });
const size = struct({ callbackId: int, domain, alias: string, sizeKib: u64 });

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function watched(handlers: Handlers = {}): Promise<{ daemon: FakeDaemon; hypervisor: Hypervisor }> {
  let ids = 0;
  const daemon = await fakeDaemon({
    [registerEvent.number]: (call) => call.reply(registerEvent, { callbackId: ids++ }),
    [deregisterEvent.number]: (call) => call.reply(deregisterEvent, {}),
    ...handlers,
  });
  undo.push(() => daemon.remove());
  const hypervisor = await connect(daemon.uri);
  undo.push(() => hypervisor.close());
  return { daemon, hypervisor };
}

/** Collects events, and waits for the next one. */
function listener() {
  const seen: DomainEvent[] = [];
  let wake = () => {};
  const heard = async (count: number) => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return seen;
  };
  const listen = (event: DomainEvent) => {
    seen.push(event);
    wake();
  };
  return { seen, heard, listen };
}

test("registers each kind of event for that domain, on a connection of its own", async () => {
  const registered: unknown[] = [];
  const { daemon, hypervisor } = await watched({
    [registerEvent.number]: (call) => {
      registered.push(call.args(registerEvent));
      call.reply(registerEvent, { callbackId: registered.length });
    },
  });
  expect(daemon.sockets.size, "none is opened before somebody listens").toBe(1);
  await hypervisor.subscribe(web, () => undefined);
  expect(daemon.sockets.size).toBe(2);
  expect(registered).toEqual([0, 13, 15, 19, 22, 26].map((eventId) => ({ eventId, domain: web })));
});

test("an older libvirt is not asked for what it does not know", async () => {
  const { daemon, hypervisor } = await watched({
    [libVersion.number]: (call) => call.reply(libVersion, { version: 6_000_000n }),
  });
  await hypervisor.subscribe(web, () => undefined);
  expect(daemon.calls.filter((number) => number === registerEvent.number)).toHaveLength(5);
});

test("each kind is delivered by name, only to the listeners of that domain", async () => {
  const { daemon, hypervisor } = await watched();
  const [mine, theirs] = [listener(), listener()];
  await hypervisor.subscribe(web, mine.listen);
  await hypervisor.subscribe(other, theirs.listen);
  daemon.send(318, lifecycle, { callbackId: 0, domain: web, event: 4, detail: 1 });
  daemon.send(354, device, { callbackId: 2, domain: web, alias: "ua-a" });
  daemon.send(333, device, { callbackId: 1, domain: web, alias: "ua-b" });
  daemon.send(367, device, { callbackId: 3, domain: web, alias: "ua-c" });
  daemon.send(331, balloon, { callbackId: 5, domain: web, actualKib: 2n ** 40n });
  daemon.send(438, size, { callbackId: 4, domain: web, alias: "ua-d", sizeKib: 2n ** 40n });
  daemon.send(318, lifecycle, { callbackId: 9, domain: other, event: 5, detail: 0 });
  // Every connection gets them; the one for calls is not listened to.
  await theirs.heard(1);
  expect(mine.seen).toEqual([
    { kind: "lifecycle", uuid: web.uuid, event: 4, detail: 1 },
    { kind: "device-added", uuid: web.uuid, alias: "ua-a" },
    { kind: "device-removed", uuid: web.uuid, alias: "ua-b" },
    { kind: "device-removal-failed", uuid: web.uuid, alias: "ua-c" },
    { kind: "balloon-change", uuid: web.uuid, actualKib: 2n ** 40n },
    { kind: "memory-device-size", uuid: web.uuid, alias: "ua-d", sizeKib: 2n ** 40n },
  ]);
  expect(theirs.seen).toEqual([{ kind: "lifecycle", uuid: other.uuid, event: 5, detail: 0 }]);
});

test("two listeners of one domain are registered once, and deregistered when both are gone", async () => {
  const { daemon, hypervisor } = await watched();
  const [first, second] = [listener(), listener()];
  const [endFirst, endSecond] = await Promise.all([
    hypervisor.subscribe(web, first.listen),
    hypervisor.subscribe(web, second.listen),
  ]);
  const count = (procedure: number) => daemon.calls.filter((number) => number === procedure).length;
  expect(count(registerEvent.number)).toBe(6);
  await endFirst();
  await endFirst();
  expect(count(deregisterEvent.number)).toBe(0);
  daemon.send(354, device, { callbackId: 2, domain: web, alias: "ua-a" });
  await second.heard(1);
  expect(first.seen).toEqual([]);
  await endSecond();
  expect(count(deregisterEvent.number)).toBe(6);
});

test("listeners are notified of a broken connection, and when events arrive again", async () => {
  const { daemon, hypervisor } = await watched();
  const mine = listener();
  const end = await hypervisor.subscribe(web, mine.listen);
  await daemon.stop();
  expect(await mine.heard(1)).toEqual([{ kind: "disconnected", reason: "the daemon closed the connection" }]);
  await daemon.listen();
  expect((await mine.heard(2))[1]).toEqual({ kind: "reconnected" });
  daemon.send(354, device, { callbackId: 2, domain: web, alias: "ua-a" });
  expect((await mine.heard(3))[2]).toMatchObject({ kind: "device-added" });
  await end();
});

test("unsubscribing doesn't fail when the connection is gone", async () => {
  const { daemon, hypervisor } = await watched();
  const end = await hypervisor.subscribe(web, () => undefined);
  await daemon.stop();
  await end();
});

test("a domain can be subscribed to again", async () => {
  const { daemon, hypervisor } = await watched();
  const leave = await hypervisor.subscribe(web, () => undefined);
  await leave();
  const mine = listener();
  await hypervisor.subscribe(web, mine.listen);
  expect(daemon.calls.filter((number) => number === registerEvent.number)).toHaveLength(12);
  daemon.send(354, device, { callbackId: 2, domain: web, alias: "ua-a" });
  await mine.heard(1);
});

test("a connection that breaks while subscribing fails the subscription and tells nothing else", async () => {
  const { daemon, hypervisor } = await watched({ [registerEvent.number]: (call) => call.socket.destroy() });
  const mine = listener();
  await expect(hypervisor.subscribe(web, mine.listen)).rejects.toBeInstanceOf(ConnectionError);
  daemon.handlers[registerEvent.number] = (call) => call.reply(registerEvent, { callbackId: 1 });
  await hypervisor.subscribe(web, mine.listen);
  daemon.send(354, device, { callbackId: 2, domain: web, alias: "ua-a" });
  await mine.heard(1);
  expect(mine.seen).toEqual([{ kind: "device-added", uuid: web.uuid, alias: "ua-a" }]);
});

test("a subscription that the daemon refuses can be tried again", async () => {
  const { daemon, hypervisor } = await watched({
    [registerEvent.number]: (call) => call.error({ code: 88 }),
  });
  await expect(hypervisor.subscribe(web, () => undefined)).rejects.toMatchObject({ code: 88 });
  daemon.handlers[registerEvent.number] = (call) => call.reply(registerEvent, { callbackId: 1 });
  await hypervisor.subscribe(web, () => undefined);
});

test("an event that can't be read ends the event connection, not the calls", async () => {
  const { daemon, hypervisor } = await watched();
  const mine = listener();
  await hypervisor.subscribe(web, mine.listen);
  daemon.send(354, string, "no domain");
  expect((await mine.heard(1))[0]).toMatchObject({
    kind: "disconnected",
    reason: expect.stringMatching(/isn't libvirt's protocol/),
  });
  expect(await hypervisor.version()).toBe(9_000_000);
  await mine.heard(2);
});

test("nothing is listened to after close", async () => {
  const { hypervisor } = await watched();
  await hypervisor.close();
  await expect(hypervisor.subscribe(web, () => undefined)).rejects.toBeInstanceOf(ConnectionError);
});
