import type { Inputs } from "../../args/inputs.ts";
import { DISKS } from "../disks/disks.ts";
import { INTERFACES } from "../interfaces/interfaces.ts";
import type { Observed } from "../observed.ts";
import { ALIASES } from "./aliases.ts";
import type { DeviceKind } from "./device-kind.ts";
import { listedDevices } from "./listed-devices.ts";

/** How the devices of a domain differ from the program's lists. */
export interface DeviceDrift {
  /** The lists without what somebody else has removed. */
  inputs: Pick<Partial<Inputs>, "disks" | "interfaces">;
  /** Devices that this provider doesn't manage, and entries whose device waits for the next boot. */
  notes: string[];
}

/** What a refresh finds of disks and network interfaces. Those of an adopted domain, and of a program's own XML, aren't all listed. */
export function deviceDrift(inputs: Inputs, observed: Observed): DeviceDrift {
  const disks = driftOf(DISKS, inputs, observed);
  const interfaces = driftOf(INTERFACES, inputs, observed);
  return {
    inputs: {
      ...(disks.kept !== undefined && { disks: disks.kept }),
      ...(interfaces.kept !== undefined && { interfaces: interfaces.kept }),
    },
    notes: [...disks.notes, ...interfaces.notes],
  };
}

function driftOf<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  inputs: Inputs,
  { live, nextBoot }: Observed,
): { kept?: Entry[]; notes: string[] } {
  const entries = kind.list(inputs);
  const definition = kind.devices(nextBoot ?? live);
  if (entries === undefined || definition === undefined) return { notes: [] };
  const lists = { before: entries, news: entries };
  const { old, left } = listedDevices(kind, lists, definition);
  const running = kind.devices(live);
  const inRunning = running && listedDevices(kind, lists, running);
  const isListed = inputs[kind.field] !== undefined && inputs.xml === undefined;
  const foreign = (inRunning?.left ?? left).filter(
    (state) => kind.key(state).alias?.startsWith(ALIASES[kind.device]) !== true,
  );
  const kept = entries.filter((_, index) => old[index] !== undefined);
  const waiting = entries.flatMap((entry, index) => {
    const state = old[index];
    return state !== undefined && inRunning !== undefined && inRunning.old[index] === undefined
      ? [`${kind.describe(entry.name, state)} isn't in the running domain: it is there after the next boot`]
      : [];
  });
  const shown = inRunning ?? listedDevices(kind, lists, definition);
  const changed = entries.flatMap((entry, index) => {
    const [state, wanted] = [shown.present[index], shown.wanted[index]];
    const isSame = state === undefined || wanted === undefined || kind.change(wanted, state) === "none";
    return isSame
      ? []
      : [describeChange(kind.describe(entry.name, state), kind.describe(entry.name, wanted))];
  });
  return {
    ...(kept.length < entries.length && { kept }),
    notes: [
      ...waiting,
      ...changed,
      ...(isListed ? foreign : []).map(
        (state) => `${kind.describe(undefined, state)} isn't managed by this provider: it stays`,
      ),
    ],
  };
}

function describeChange(found: string, wanted: string): string {
  return found === wanted
    ? `${found} has other options than the program sets`
    : `${found} isn't what the program sets, which is ${wanted}`;
}
