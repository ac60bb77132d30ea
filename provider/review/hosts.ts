import { daemonKey } from "../libvirt/daemon-key.ts";
import { type Kib, sum } from "../units/kib.ts";
import type { DomainReview } from "./domain-review.ts";
import { isOver } from "./happened.ts";

/** The domains of one host that are in the output, before and after the run. */
export interface HostSums {
  /** Undefined: not known, or secret. */
  host?: string;
  domains: { from: number; to: number };
  memory: { from: Kib; to: Kib };
  vcpus: { from: number; to: number };
  /** Domains that the sums leave out: those whose size isn't known. */
  unknown: number;
  /** Those of them that are refused, of which the output has no state. */
  refused: number;
}

/** By the host's name: the first one, where its URI is written in more than one way. */
export function sumsByHost(domains: readonly DomainReview[]): HostSums[] {
  const groups = Map.groupBy(domains, ({ host }) => (host === undefined ? "" : daemonKey(host)));
  return [...groups.values()]
    .map((all) => ({ host: all.map(({ host = "" }) => host).sort()[0] ?? "", all }))
    .sort((a, b) => (a.host < b.host ? -1 : Number(a.host > b.host)))
    .map(({ host, all }) => ({ ...(host !== "" && { host }), ...sumsOf(all) }));
}

function sumsOf(all: readonly DomainReview[]): Omit<HostSums, "host"> {
  const known = all.filter(isKnown);
  return {
    domains: {
      from: all.filter(({ verdict, takenOver }) => verdict !== "create" || takenOver !== undefined).length,
      to: all.filter(isThere).length,
    },
    memory: {
      from: sum(known.map((one) => beforeOf(one, one.memory))),
      to: sum(known.map((one) => afterOf(one, one.memory))),
    },
    vcpus: {
      from: sum(known.map((one) => beforeOf(one, one.vcpus))),
      to: sum(known.map((one) => afterOf(one, one.vcpus))),
    },
    unknown: all.length - known.length,
    refused: all.filter((one) => one.verdict === "refuse" && !one.isSecret && !isKnown(one)).length,
  };
}

function isThere({ verdict, takenOver, stays, happened }: DomainReview): boolean {
  if (happened?.result === "gone") return false;
  if (takenOver !== undefined) return true;
  if (verdict === "create") return happened === undefined || isOver(happened);
  return verdict !== "delete" || stays || (happened !== undefined && !isOver(happened));
}

/** An import changes nothing. */
function beforeOf({ takenOver }: DomainReview, { from, to = 0 }: { from?: number; to?: number }): number {
  return from ?? (takenOver === "import" ? to : 0);
}

/** A refused change leaves the domain unchanged. */
function afterOf(
  { verdict, happened }: DomainReview,
  { from = 0, to = 0 }: { from?: number; to?: number },
): number {
  if (happened?.result === "gone") return 0;
  return verdict === "refuse" ? from : to;
}

function isKnown({ verdict, takenOver, memory, vcpus, happened }: DomainReview): boolean {
  if (happened?.result === "gone") return memory.from !== undefined;
  if (happened !== undefined && !isOver(happened)) return false;
  // What an adopted domain had isn't in the output.
  if (takenOver === "adopt") return false;
  if (verdict === "create") return memory.to !== undefined;
  if (verdict === "delete" || verdict === "refuse") return memory.from !== undefined;
  const isWhole = ({ from, to }: { from?: number; to?: number }) => from !== undefined && to !== undefined;
  return isWhole(memory) && isWhole(vcpus);
}
