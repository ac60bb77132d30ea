import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DomainRef, Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { procedures } from "../../provider/libvirt/procedures.ts";

const folder = join(import.meta.dirname, "recorded");

const DOMAIN_FILE = join(folder, "domain.xml");
const DIMM_FILE = join(folder, "dimm.xml");
const NAME = "recorded-1";
const UUID = "3b31b594-441d-4f03-80ad-7ec543ac4e6b";
const METADATA = { namespace: "urn:recorded", prefix: "rec", xml: "<owner>größer</owner>" };
const PING = { execute: "guest-ping" };
const metadata = (...rest: string[]) => ["metadata", NAME, METADATA.namespace, ...rest, "--live", "--config"];

/** A command of virsh, and the same call by our client. */
export interface Scenario {
  /** Of the file in `recorded/`. */
  name: string;
  virsh: string[];
  /** The call of this command that is compared. */
  procedure: { name: string; number: number };
  ours(hypervisor: Hypervisor, domain: DomainRef): Promise<unknown>;
  /** Where virsh cannot be made to send our flags, the last word of the arguments: virsh's, ours. */
  flags?: [virsh: number, ours: number];
}

/** In an order in which they work on one domain. */
export const scenarios: Scenario[] = [
  {
    name: "define",
    virsh: ["define", "--validate", DOMAIN_FILE],
    procedure: procedures.define,
    ours: (hypervisor) => hypervisor.define(readFileSync(DOMAIN_FILE, "utf8")),
    flags: [1, 0],
  },
  {
    name: "find-by-name",
    virsh: ["domuuid", NAME],
    procedure: procedures.lookupByName,
    ours: (hypervisor) => hypervisor.findByName(NAME),
  },
  {
    name: "find-by-uuid",
    virsh: ["domname", UUID],
    procedure: procedures.lookupByUuid,
    ours: (hypervisor) => hypervisor.findByUuid(UUID),
  },
  {
    name: "missing",
    virsh: ["domuuid", "no-such-domain"],
    procedure: procedures.lookupByName,
    ours: (hypervisor) => hypervisor.findByName("no-such-domain"),
  },
  {
    name: "list",
    virsh: ["list", "--all"],
    procedure: procedures.listDomains,
    ours: (hypervisor) => hypervisor.list(),
    flags: [3, 0],
  },
  {
    name: "is-persistent",
    virsh: ["dominfo", NAME],
    procedure: procedures.isPersistent,
    ours: (hypervisor, domain) => hypervisor.isPersistent(domain),
  },
  {
    name: "autostart",
    virsh: ["dominfo", NAME],
    procedure: procedures.autostart,
    ours: (hypervisor, domain) => hypervisor.autostart(domain),
  },
  {
    name: "set-autostart",
    virsh: ["autostart", NAME],
    procedure: procedures.setAutostart,
    ours: (hypervisor, domain) => hypervisor.setAutostart(domain, true),
  },
  {
    name: "start",
    virsh: ["start", NAME, "--paused"],
    procedure: procedures.create,
    ours: (hypervisor, domain) => hypervisor.start(domain, { paused: true }),
  },
  {
    name: "state",
    virsh: ["domstate", NAME],
    procedure: procedures.state,
    ours: (hypervisor, domain) => hypervisor.state(domain),
  },
  {
    name: "memory-stats",
    virsh: ["dommemstat", NAME],
    procedure: procedures.memoryStats,
    ours: (hypervisor, domain) => hypervisor.memoryStats(domain),
  },
  {
    name: "agent-command",
    virsh: ["qemu-agent-command", NAME, JSON.stringify(PING), "--timeout", "3"],
    procedure: procedures.agentCommand,
    // The domain has no agent: the daemon's answer is an error.
    ours: (hypervisor, domain) => hypervisor.agentCommand(domain, PING, 3).catch(() => undefined),
  },
  {
    name: "attach-device",
    virsh: ["attach-device", NAME, DIMM_FILE, "--live", "--config"],
    procedure: procedures.attachDevice,
    ours: (hypervisor, domain) =>
      hypervisor.attachDevice(domain, readFileSync(DIMM_FILE, "utf8"), { live: true, config: true }),
  },
  {
    name: "xml",
    virsh: ["dumpxml", NAME, "--inactive", "--security-info"],
    procedure: procedures.xml,
    ours: (hypervisor, domain) => hypervisor.xml(domain, { inactive: true, secure: true }),
  },
  {
    name: "set-metadata",
    virsh: metadata("--key", METADATA.prefix, "--set", METADATA.xml),
    procedure: procedures.setMetadata,
    ours: (hypervisor, domain) => hypervisor.setMetadata(domain, METADATA, { live: true, config: true }),
  },
  {
    name: "resume",
    virsh: ["resume", NAME],
    procedure: procedures.resume,
    ours: (hypervisor, domain) => hypervisor.resume(domain),
  },
  {
    name: "shutdown",
    virsh: ["shutdown", NAME, "--mode", "acpi"],
    procedure: procedures.shutdown,
    ours: (hypervisor, domain) => hypervisor.shutdown(domain),
    flags: [1, 0],
  },
  {
    name: "suspend",
    virsh: ["suspend", NAME],
    procedure: procedures.suspend,
    ours: (hypervisor, domain) => hypervisor.suspend(domain),
  },
  {
    name: "wake",
    virsh: ["dompmwakeup", NAME],
    procedure: procedures.pmWakeup,
    // The domain isn't asleep: the daemon's answer is an error.
    ours: (hypervisor, domain) => hypervisor.wake(domain).catch(() => undefined),
  },
  {
    name: "is-active",
    virsh: [`domdisplay ${NAME}; managedsave ${NAME}`],
    procedure: procedures.isActive,
    ours: (hypervisor, domain) => hypervisor.isActive(domain),
  },
  {
    name: "managed-save-xml",
    virsh: ["managedsave-dumpxml", NAME],
    procedure: procedures.managedSaveXml,
    ours: (hypervisor, domain) => hypervisor.managedSaveXml(domain),
  },
  {
    name: "has-managed-save",
    virsh: ["dominfo", NAME],
    procedure: procedures.hasManagedSave,
    ours: (hypervisor, domain) => hypervisor.hasManagedSave(domain),
  },
  {
    name: "remove-managed-save",
    virsh: [`managedsave-remove ${NAME}; start ${NAME} --paused`],
    procedure: procedures.removeManagedSave,
    ours: (hypervisor, domain) => hypervisor.removeManagedSave(domain),
  },
  {
    name: "version",
    virsh: ["version", "--daemon"],
    procedure: procedures.libVersion,
    ours: (hypervisor) => hypervisor.version(),
  },
  {
    name: "subscribe",
    virsh: ["event", NAME, "--event", "device-added", "--timeout", "1"],
    procedure: procedures.registerEvent,
    ours: (hypervisor, domain) => hypervisor.subscribe(domain, () => undefined),
  },
  {
    name: "destroy",
    virsh: ["destroy", NAME, "--graceful"],
    procedure: procedures.destroy,
    ours: (hypervisor, domain) => hypervisor.destroy(domain),
    flags: [1, 0],
  },
  {
    name: "undefine",
    virsh: [
      "undefine",
      NAME,
      "--managed-save",
      "--snapshots-metadata",
      "--nvram",
      "--checkpoints-metadata",
      "--tpm",
    ],
    procedure: procedures.undefine,
    ours: (hypervisor, domain) => hypervisor.undefine(domain),
    // virsh looks for a managed save and snapshots first, and leaves out the flags of what is not there.
    flags: [52, 55],
  },
];

/** The packets of one connection, in the order in which they passed. */
export interface RecordedPacket {
  from: "virsh" | "daemon";
  /** With the length word. */
  bytes: Buffer;
}

export const recordingFile = (name: string) => join(folder, `${name}.json`);

export function readRecording(name: string): RecordedPacket[] {
  const lines: { from: "virsh" | "daemon"; hex: string }[] = JSON.parse(
    readFileSync(recordingFile(name), "utf8"),
  );
  return lines.map(({ from, hex }) => ({ from, bytes: Buffer.from(hex, "hex") }));
}

export function writtenRecording(packets: RecordedPacket[]): string {
  const lines = packets.map(({ from, bytes }) => JSON.stringify({ from, hex: bytes.toString("hex") }));
  return `[\n${lines.join(",\n")}\n]\n`;
}

/** Cuts whole packets off the front of a stream, only by their length words, so that our own reader isn't the judge. */
export function takePackets(stream: Buffer): { packets: Buffer[]; rest: Buffer } {
  const packets: Buffer[] = [];
  let at = 0;
  while (stream.length - at >= 4 && stream.length - at >= stream.readUInt32BE(at)) {
    const end = at + stream.readUInt32BE(at);
    packets.push(Buffer.from(stream.subarray(at, end)));
    at = end;
  }
  return { packets, rest: stream.subarray(at) };
}
