import type { Inputs } from "../args/inputs.ts";
import { DEFAULTS } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { vcpusOf } from "../domain/state.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { type Reason, toReason } from "../plan/plan.ts";
import { formatNumbers } from "../plan/text.ts";
import { desiredVcpus } from "../plan/vcpus/desired.ts";
import { liveVcpuNumbers, type VcpuRange } from "../plan/vcpus/live-numbers.ts";
import { vcpuUnit } from "../plan/vcpus/platform.ts";
import { reasonsAgainstPlug, removableVcpus } from "../plan/vcpus/rules.ts";

/** A domain's vCPUs, and what they can change to. */
export interface ExplainedVcpus {
  live?: VcpuNumbers;
  nextBoot?: VcpuNumbers;
  /** The numbers that work without a restart: larger ones first. */
  reachable: VcpuRange[];
  /** Why there can't be more, where that is so. */
  reasons: Reason[];
  /** Those of the running domain that its definition lets QEMU remove, if the program allows it and the guest releases them. */
  removable: number[];
}

export interface VcpuNumbers {
  current: number;
  maximum: number;
}

export function explainedVcpus(inputs: Inputs, observed: Observed, adopted: boolean): ExplainedVcpus {
  const { live, nextBoot } = observed;
  const desired = desiredVcpus(inputs, DEFAULTS, adopted);
  const numbers = live === undefined || desired === undefined ? [] : liveVcpuNumbers(desired, observed);
  const present = live && vcpuNumbers(live);
  const isUp = present !== undefined && numbers.some(({ from }) => from > present.current);
  const reasons =
    live === undefined || present === undefined || desired === undefined
      ? [DOMAIN_OFF_VCPUS]
      : isUp
        ? []
        : reasonsAgainstPlug(desired, observed, live, present.current + vcpuUnit(live)).map(toReason);
  return {
    reachable: numbers,
    reasons,
    removable: live === undefined ? [] : removableVcpus(live),
    ...defined({ live: present, nextBoot: nextBoot && vcpuNumbers(nextBoot) }),
  };
}

function vcpuNumbers(view: MemoryView): VcpuNumbers {
  return { current: vcpusOf(view), maximum: view.vcpus };
}

const DOMAIN_OFF_VCPUS: Reason = {
  code: "domain-off",
  text: "the domain is off: another number of vCPUs only changes its definition",
};

/** "2 of at most 8 (live: 3–8; vCPU 1 is removable); next boot 4 of at most 8" */
export function describeVcpus({ live, nextBoot, reachable, reasons, removable }: ExplainedVcpus): string {
  const numbers = ({ current, maximum }: VcpuNumbers) => `${current} of at most ${maximum}`;
  const ranges = reachable.map(({ from, to, step }) =>
    from === to ? `${from}` : `${from}–${to}${step === 1 ? "" : `, step ${step}`}`,
  );
  const isSame =
    live !== undefined && nextBoot?.current === live.current && nextBoot.maximum === live.maximum;
  const possible = ranges.length > 0 ? ranges.join(", ") : `no other number: ${describeReasons(reasons)}`;
  const isFull = live?.current === live?.maximum && ranges.length === 0;
  const notes = [...(isFull ? [] : [`live: ${possible}`]), ...describeRemovable(removable)];
  const note = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  return [
    ...(live === undefined ? [] : [`${numbers(live)}${note}`]),
    ...(nextBoot === undefined || isSame ? [] : [`next boot ${numbers(nextBoot)}`]),
  ].join("; ");
}

function describeRemovable(removable: number[]): string[] {
  if (removable.length === 0) return [];
  return [`${removable.length === 1 ? "vCPU" : "vCPUs"} ${formatNumbers(removable)} removable`];
}

export function describeReasons(reasons: Reason[]): string {
  return reasons.map(({ text }) => text).join("; ");
}
