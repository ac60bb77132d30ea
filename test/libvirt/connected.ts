import { expect, onTestFinished } from "vitest";
import { type ConnectOptions, connect } from "../../provider/libvirt/connect.ts";
import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { type FakeDaemon, fakeDaemon, type Handlers } from "./fake-daemon.ts";

/** A fake daemon for the running test. */
export async function daemonWith(handlers: Handlers = {}): Promise<FakeDaemon> {
  const daemon = await fakeDaemon(handlers);
  onTestFinished(() => daemon.remove());
  return daemon;
}

/** The same, and a connection to it. */
export async function connected(
  handlers: Handlers = {},
  options: ConnectOptions = {},
): Promise<{ daemon: FakeDaemon; hypervisor: Hypervisor }> {
  const daemon = await daemonWith(handlers);
  const hypervisor = await connect(daemon.uri, options);
  onTestFinished(() => hypervisor.close());
  return { daemon, hypervisor };
}

/** The error that a promise rejects with. */
export function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("it succeeded"),
    (error) => error,
  );
}
