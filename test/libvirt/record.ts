// Records the traffic between virsh and a libvirtd: `node test/libvirt/record.ts`.
// Writes test/libvirt/recorded/*.json, one file for each scenario.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { startLab } from "../lab/lab.ts";
import { type RecordedPacket, recordingFile, scenarios, takePackets, writtenRecording } from "./recording.ts";

/** A socket that leads on to `target` and notes the packets of the latest connection. */
async function recordingProxy(path: string, target: string) {
  let packets: RecordedPacket[] = [];
  const note = (source: Socket, from: RecordedPacket["from"]) => {
    let stream = Buffer.alloc(0);
    source.on("data", (chunk) => {
      const taken = takePackets(Buffer.concat([stream, chunk]));
      stream = Buffer.from(taken.rest);
      packets.push(...taken.packets.map((bytes) => ({ from, bytes })));
    });
  };
  const server = createServer((virsh) => {
    packets = [];
    const daemon = createConnection(target);
    note(virsh, "virsh");
    note(daemon, "daemon");
    virsh.pipe(daemon).pipe(virsh);
  });
  server.listen(path);
  await once(server, "listening");
  return { packets: () => packets, close: () => server.close() };
}

const lab = await startLab();
try {
  const socket = new URL(lab.uri).searchParams.get("socket");
  if (socket === null) throw new Error(`wanted a socket in the lab's URI, found ${lab.uri}`);
  const proxied = join(lab.dir, "rec");
  const proxy = await recordingProxy(proxied, socket);
  for (const { name, virsh } of scenarios) {
    const command = ["-c", `qemu:///session?socket=${proxied}`, ...virsh];
    const { stderr } = await promisify(execFile)("virsh", command).catch((error) => error);
    writeFileSync(recordingFile(name), writtenRecording(proxy.packets()));
    console.log(`${name}: ${proxy.packets().length} packets ${stderr.trim()}`);
  }
  proxy.close();
} finally {
  await lab.stop();
}
