import { mapJson } from "../explain/json.ts";
import type { Kib } from "../units/kib.ts";
import { canonicalSize } from "../units/size.ts";
import type { DomainReview } from "./domain-review.ts";
import type { Happened } from "./happened.ts";
import type { HostSums } from "./hosts.ts";
import type { Review } from "./review.ts";
import type { Change } from "./size-changes.ts";

/** The format of the JSON below. Fields may be added to it. */
export const REVIEW_FORMAT = 1;

/** A review for programs: sizes as in the resource's outputs ("1259MiB"), null for what is absent, unknown or secret. */
export function reviewJson(review: Review): Record<string, unknown> {
  const { stack, kind, domains, unchanged, others, othersLeft, hosts, errors } = review;
  return {
    tool: "pulumi-libvirt-hotplug review",
    format: REVIEW_FORMAT,
    stack: stack ?? null,
    kind,
    domains: domains.map(domainJson),
    unchanged,
    others,
    othersLeft,
    hosts: hosts.map(hostJson),
    errors,
  };
}

function domainJson(domain: DomainReview): Record<string, unknown> {
  const { urn, resource, verdict, headline, reasons, details, steps, devices, questions } = domain;
  const { before, after, cost, host, position, isSecret } = domain;
  return {
    ...{ urn, resource, domain: domain.domain ?? null, verdict, headline, reasons, details, steps },
    memory: isSecret ? null : changeJson(domain.memory, canonicalSize),
    vcpus: isSecret ? null : changeJson(domain.vcpus, (count) => count),
    devices,
    before: before === undefined ? null : mapJson(before),
    after: after === undefined ? null : mapJson(after),
    atBoot: domain.atBoot === undefined ? null : mapJson(domain.atBoot),
    cost:
      cost === undefined
        ? null
        : {
            freeSlots: cost.freeSlots,
            slots: cost.slots,
            headroom: canonicalSize(cost.headroom),
            ceiling: cost.ceiling === undefined ? null : canonicalSize(cost.ceiling),
            liveUpTo: cost.up === undefined ? null : canonicalSize(cost.up.to),
            pendingMemory: cost.pending === undefined ? null : canonicalSize(cost.pending),
          },
    questions,
    takenOver: domain.takenOver ?? null,
    host: host ?? null,
    position: position ?? null,
    secret: isSecret,
    ...(domain.happened && { happened: happenedJson(domain.happened) }),
  };
}

function happenedJson({ result, memory, pending, guest, remarks }: Happened): Record<string, unknown> {
  const size = (value: Kib | undefined) => (value === undefined ? null : canonicalSize(value));
  return {
    result,
    memory: size(memory),
    pendingMemory: size(pending),
    guest: guest === undefined ? null : { memory: canonicalSize(guest.memory), by: guest.speaker },
    remarks,
  };
}

function changeJson<T, U>({ from, to }: Change<T>, form: (value: T) => U): { from: U | null; to: U | null } {
  return { from: from === undefined ? null : form(from), to: to === undefined ? null : form(to) };
}

function hostJson({ host, domains, memory, vcpus, unknown, refused }: HostSums): Record<string, unknown> {
  return { host: host ?? null, domains, memory: changeJson(memory, canonicalSize), vcpus, unknown, refused };
}
