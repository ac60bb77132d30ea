import type { Inputs } from "../args/inputs.ts";
import type { Kib } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import type { Observed } from "./observed.ts";
import type { Plan } from "./plan.ts";

/**
 * A note on a plan that grows the memory to what the domain's `<memtune>` doesn't allow: libvirt accepts it, and the host's
 * kernel kills QEMU once the guest uses more. QEMU itself needs memory, too, so that a limit of the same size is too low.
 */
export function withHardLimit(plan: Plan, { memory }: DesiredMemory, { live, nextBoot }: Observed): Plan {
  const isLive = plan.outcome === "live" && live !== undefined;
  const view = isLive ? live : (nextBoot ?? live);
  const limit = view?.hardLimit;
  const isUnchanged = plan.outcome === "none" || plan.outcome === "refuse" || plan.outcome === "unknown";
  // The new domain of a replace is defined without the limit, unless the program's own XML has it.
  if (limit === undefined || limit > memory || isUnchanged || plan.outcome === "replace") return plan;
  if ((live ?? nextBoot)?.memory === memory && nextBoot?.memory === memory) return plan;
  const note = `<memtune> limits the domain to ${formatSize(limit)} (hard_limit), which is not more than ${formatSize(memory)}: the host's kernel kills the guest when it uses more; raise the limit first (virsh memtune --hard-limit)`;
  return { ...plan, details: [...plan.details, note] };
}

/** A note on memory that is locked without a limit: libvirt then lets QEMU lock as much as it likes. */
export function lockedWithoutLimit(
  { memoryBacking }: Inputs,
  { hardLimit }: { hardLimit?: Kib | undefined },
): string[] {
  const isLocked = typeof memoryBacking === "object" && memoryBacking.locked === true;
  return isLocked && hardLimit === undefined ? [LOCKED_WITHOUT_LIMIT] : [];
}

const LOCKED_WITHOUT_LIMIT =
  "memoryBacking.locked without <memtune><hard_limit> lets QEMU lock as much of the host's memory as it likes; set a limit in xml, or with virsh memtune --hard-limit";
