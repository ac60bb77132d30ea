import { vcpusOf } from "../../domain/state.ts";
import type { Observed } from "../observed.ts";
import type { DesiredVcpus } from "./desired.ts";
import { vcpuUnit } from "./platform.ts";
import { reasonsAgainstPlug, reasonsAgainstUnplug, removableVcpus } from "./rules.ts";

/** Numbers of vCPUs that work without a restart: `from`, then every `step`, up to `to`. */
export interface VcpuRange {
  from: number;
  to: number;
  step: number;
}

/** The numbers of vCPUs that the running domain can have without a restart, by the planner's own rules. */
export function liveVcpuNumbers(desired: DesiredVcpus, observed: Observed): VcpuRange[] {
  const { live } = observed;
  if (live === undefined || desired.applyOn === "nextBoot") return [];
  const present = vcpusOf(live);
  const step = vcpuUnit(live);
  const up = { from: present + step, to: live.vcpus - ((live.vcpus - present) % step), step };
  const least = Math.max(1, present - removableVcpus(live).length);
  const down = { from: present - Math.floor((present - least) / step) * step, to: present - step, step };
  const isUp = up.from <= up.to && reasonsAgainstPlug(desired, observed, live, up.from).length === 0;
  const isDown = down.from <= down.to && reasonsAgainstUnplug(desired, observed, live, down.to).length === 0;
  return [...(isUp ? [up] : []), ...(isDown ? [down] : [])];
}
