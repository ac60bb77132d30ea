import { z } from "zod";
import type { OnlinePolicy } from "../args/settings.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { parsedReply, QUESTION_SECONDS } from "./agent.ts";
import type { Asked } from "./report.ts";
import type { GuestWaitResult } from "./wait-for-guest.ts";

/** What a guest agent reports about the guest's vCPUs, by their numbers in the guest. */
export interface VcpuReport {
  /** Those that the guest uses. */
  online: number[];
  offline: number[];
}

/** What the state keeps of it: as of the last change, for one start of the domain. */
export interface VcpuRecord {
  /** libvirt's id of the running domain: after another start, all vCPUs are there from boot. */
  domainId: number;
  /** How many the guest used; undefined where its agent didn't answer. */
  online?: number;
  /** How many it lacked. */
  missing?: number;
}

/** The record, if the domain hasn't been started since. */
export function currentVcpuRecord(record: VcpuRecord | undefined, domainId: number): VcpuRecord | undefined {
  return record?.domainId === domainId ? record : undefined;
}

const vcpusReply = z.array(z.object({ "logical-id": z.int().nonnegative(), online: z.boolean() }));

/** Asks the guest agent for the vCPUs (QEMU guest agent 1.5 or later). */
export function vcpuSource(hypervisor: Hypervisor, domain: DomainRef): Asked<VcpuReport> {
  return {
    ask: async () => {
      const question = { execute: "guest-get-vcpus" };
      return readVcpus(await hypervisor.agentCommand(domain, question, QUESTION_SECONDS));
    },
    bringOnline: async (vcpus, seconds) => {
      const states = vcpus.map((id) => ({ "logical-id": id, online: true }));
      const command = { execute: "guest-set-vcpus", arguments: { vcpus: states } };
      return readBroughtOnline(await hypervisor.agentCommand(domain, command, seconds), vcpus.length);
    },
  };
}

/** Reads the answer to `guest-get-vcpus`. */
export function readVcpus(reply: unknown): VcpuReport {
  const vcpus = parsedReply("guest-get-vcpus", vcpusReply, reply);
  const numbers = (isOnline: boolean) =>
    vcpus.filter(({ online }) => online === isOnline).map((vcpu) => vcpu["logical-id"]);
  return { online: numbers(true), offline: numbers(false) };
}

/** Reads the answer to `guest-set-vcpus`: how many of the vCPUs it has dealt with, in order. */
export function readBroughtOnline(reply: unknown, asked: number): string | undefined {
  const done = parsedReply("guest-set-vcpus", z.int().nonnegative(), reply);
  return done >= asked ? undefined : `the guest agent brought only ${done} of ${asked} vCPUs online`;
}

/** How many vCPUs a guest must use. */
export interface VcpuExpectation {
  /** Of the domain. */
  present: number;
  /** The numbers of those that somebody in the guest keeps offline. */
  others: number[];
}

/** How many vCPUs a guest lacks, or still has too many of. */
export function missingVcpus(
  { online, offline }: VcpuReport,
  { present, others }: VcpuExpectation,
  policy: OnlinePolicy,
): number {
  const kept = offline.filter((vcpu) => policy === "none" || others.includes(vcpu)).length;
  return online.length > present ? online.length - present : Math.max(0, present - online.length - kept);
}

export function newOfflineVcpus({ offline }: VcpuReport, { others }: VcpuExpectation): number[] {
  return offline.filter((vcpu) => !others.includes(vcpu));
}

/** Why a guest doesn't have the vCPUs of its domain, with figures and what would help. */
export function describeMissingVcpus(
  { report, refused, noAnswer }: GuestWaitResult<VcpuReport>,
  expected: VcpuExpectation,
  online: OnlinePolicy,
): string {
  if (noAnswer !== undefined) return `the guest agent stopped responding (${noAnswer})`;
  const offline = newOfflineVcpus(report, expected).length;
  const surplus = report.online.length - expected.present;
  if (surplus > 0) return `the guest still uses ${surplus} of the removed vCPUs`;
  const unlisted = expected.present - report.online.length - report.offline.length;
  return [
    ...(offline > 0
      ? [`${offline} ${offline === 1 ? "vCPU is" : "vCPUs are"} offline${describeCause(online, refused)}`]
      : []),
    ...(unlisted > 0
      ? [
          `the guest doesn't list ${unlisted} of the domain's vCPUs: it is slow, or its kernel limits them (nr_cpus, maxcpus; see its kernel log)`,
        ]
      : []),
  ].join("; ");
}

function describeCause(online: OnlinePolicy, refused: string | undefined): string {
  if (refused !== undefined) return `: ${refused}`;
  return online === "guest"
    ? '; with hotplug.online "guest", the guest must bring them online itself (a udev rule)'
    : "";
}
