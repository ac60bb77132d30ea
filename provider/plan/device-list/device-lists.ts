import type { FieldName } from "../../args/fields.ts";
import type { Inputs } from "../../args/inputs.ts";
import { type Defaults, hotplugSettings } from "../../args/settings.ts";
import { containsUnknown } from "../../args/unknown.ts";
import { DISKS } from "../disks/disks.ts";
import { INTERFACES } from "../interfaces/interfaces.ts";
import type { Observed } from "../observed.ts";
import type { Plan } from "../plan.ts";
import type { DeviceKind } from "./device-kind.ts";
import { type DeviceListPlan, type DeviceSettings, planDeviceList } from "./plan-device-list.ts";

/** What becomes of all lists of devices. */
export interface DeviceListsPlan {
  parts: Plan[];
  /** The lists that change in the definition only, or in more there than the running domain gets. */
  definition: FieldName[];
  /** The lists whose change makes no difference to the domain. */
  settings: FieldName[];
}

/**
 * Plans the lists of devices: those that changed, and those whose devices in the running domain are others, as an interrupted update
 * leaves them.
 */
export function planDeviceLists(
  changed: readonly FieldName[],
  { before, inputs }: { before: Partial<Inputs>; inputs: Inputs },
  domain: { observed: Observed; isStopping: boolean },
  defaults: Defaults,
  adopted: boolean,
): DeviceListsPlan {
  const planOf = <Entry extends { name?: string }, State>(
    kind: DeviceKind<Entry, State>,
    freePorts: number,
    isStopping = domain.isStopping,
  ): DeviceListPlan => {
    const isChanged = changed.includes(kind.field);
    if (!isChanged && !isOwn(kind, inputs, domain.observed)) return { kind: "none" };
    const settings = settingsOf(inputs, defaults, adopted);
    if (settings === undefined) return { kind: isChanged ? "definition" : "none" };
    const lists = { before: kind.list(before), news: kind.list(inputs) };
    return planDeviceList(kind, {
      ...lists,
      observed: domain.observed,
      isChanged,
      isStopping,
      freePorts,
      settings,
    });
  };
  const plansWith = (free: number) => {
    // All devices that go are detached before any is attached. Where the ports aren't enough for all, disks get theirs first.
    const [disks, interfaces] = [planOf(DISKS, Infinity), planOf(INTERFACES, Infinity)];
    if (portsOf(disks) + portsOf(interfaces) <= free) return { disks, interfaces };
    const first = planOf(DISKS, free);
    return { disks: first, interfaces: planOf(INTERFACES, free - portsOf(first)) };
  };
  const free = domain.observed.live?.freePorts ?? 0;
  const { disks, interfaces } = plansWith(free);
  // The restart for one list brings the other.
  const plans: [FieldName, DeviceListPlan][] = [
    ["disks", isRestart(interfaces) && !isRestart(disks) ? planOf(DISKS, free, true) : disks],
    ["interfaces", isRestart(disks) && !isRestart(interfaces) ? planOf(INTERFACES, free, true) : interfaces],
  ];
  return {
    parts: plans.flatMap(([, plan]) => (plan.kind === "planned" ? [plan.plan] : [])),
    definition: plans.flatMap(([field, plan]) =>
      plan.kind === "definition" || (plan.kind === "planned" && plan.later) ? [field] : [],
    ),
    settings: plans.flatMap(([field, plan]) =>
      plan.kind === "none" && changed.includes(field) ? [field] : [],
    ),
  };
}

function portsOf(plan: DeviceListPlan): number {
  return plan.kind === "planned" ? plan.ports : 0;
}

function isRestart(plan: DeviceListPlan): boolean {
  return plan.kind === "planned" && plan.plan.outcome === "restart";
}

/** Whether the running domain's devices were read, and the program names all that are ours. */
function isOwn<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  inputs: Inputs,
  { live }: Observed,
): boolean {
  return kind.devices(live) !== undefined && inputs.xml === undefined;
}

/** Undefined while one of them isn't known. */
function settingsOf(inputs: Inputs, defaults: Defaults, adopted: boolean): DeviceSettings | undefined {
  if (containsUnknown(inputs.hotplug)) return undefined;
  return {
    ...hotplugSettings(inputs, defaults),
    ...{ adopted, allowDowntime: defaults.allowDowntime, forceOff: inputs.forceOff === true },
  };
}
