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

/** Plans the lists of devices that changed. */
export function planDeviceLists(
  changed: readonly FieldName[],
  { before, inputs }: { before: Partial<Inputs>; inputs: Inputs },
  domain: { observed: Observed; isStopping: boolean },
  defaults: Defaults,
  adopted: boolean,
): DeviceListsPlan {
  const planOf = <Entry extends { name?: string }, State>(
    kind: DeviceKind<Entry, State>,
  ): [FieldName, DeviceListPlan][] => {
    if (!changed.includes(kind.field)) return [];
    const settings = settingsOf(inputs, defaults, adopted);
    if (settings === undefined) return [[kind.field, { kind: "definition" }]];
    const lists = { before: kind.list(before), news: kind.list(inputs) };
    return [[kind.field, planDeviceList(kind, { ...lists, ...domain, settings })]];
  };
  const plans = [...planOf(DISKS), ...planOf(INTERFACES)];
  return {
    parts: plans.flatMap(([, plan]) => (plan.kind === "planned" ? [plan.plan] : [])),
    definition: plans.flatMap(([field, plan]) =>
      plan.kind === "definition" || (plan.kind === "planned" && plan.later) ? [field] : [],
    ),
    settings: plans.flatMap(([field, plan]) => (plan.kind === "none" ? [field] : [])),
  };
}

/** Undefined while one of them isn't known. */
function settingsOf(inputs: Inputs, defaults: Defaults, adopted: boolean): DeviceSettings | undefined {
  if (containsUnknown(inputs.hotplug)) return undefined;
  return {
    ...hotplugSettings(inputs, defaults),
    ...{ adopted, allowDowntime: defaults.allowDowntime, forceOff: inputs.forceOff === true },
  };
}
