import { chmodSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import type { Lab } from "../test/lab/lab.ts";

/** A socket before the lab's daemon that counts connections: without one there is no call to libvirt. */
export interface CountedSocket {
  /** The libvirt URI that goes through it. */
  readonly uri: string;
  readonly connections: number;
  close(): void;
}

export async function countedSocket(lab: Lab): Promise<CountedSocket> {
  const path = lab.file("counted.sock");
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = createConnection(join(lab.dir, "run/libvirt/libvirt-sock"));
    client.pipe(upstream).pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      socket.on("error", () => {}).on("close", () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o777);
  return {
    uri: `qemu:///session?socket=${path}`,
    get connections() {
      return connections;
    },
    close: () => server.close(),
  };
}
