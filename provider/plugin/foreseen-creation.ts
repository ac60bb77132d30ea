import type { Inputs } from "../args/inputs.ts";
import type { Defaults } from "../args/settings.ts";
import { containsUnknown } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { readDomain } from "../domain/read.ts";
import type { DomainState } from "../domain/state.ts";
import { outputs } from "../outputs.ts";
import { memoryView, type Observed } from "../plan/observed.ts";
import { allUnknown, isRoundedAtBoot, pick, READ_BACK, shown, unknownOf } from "./read-back.ts";
import type { Properties } from "./values.ts";

/** A create in a preview. */
export interface ForeseenCreation {
  inputs: Inputs;
  /** As resolved; the unknown marker where the program's isn't known. */
  uri: string;
  /** The new definition, where the host could be asked for what it depends on, and all values are known. */
  xml: string | undefined;
  /** It adopts a domain that exists. */
  adopts: boolean;
  defaults: Defaults;
}

/** The outputs of a create; unknown where only the new domain can tell. */
export function foreseenCreation({ inputs, uri, xml, adopts, defaults }: ForeseenCreation): Properties {
  const readBack = adopts
    ? allUnknown()
    : xml === undefined
      ? readBackWithoutHost(inputs)
      : readBackNew(inputs, uri, readDomain(xml), defaults);
  return defined({ ...shown(inputs), uri, ...readBack });
}

function readBackNew(inputs: Inputs, uri: string, definition: DomainState, defaults: Defaults): Properties {
  const view = memoryView(definition);
  const runs = inputs.running !== false;
  const observed: Observed = {
    ...{ power: runs ? "running" : "off", persistent: true, nextBoot: view },
    ...(runs && { live: view }),
  };
  const power = runs ? "running" : "shutoff";
  const known = outputs(inputs, { uri, observation: { observed, power }, defaults, adopted: false });
  return {
    ...pick(known, READ_BACK),
    ...(view.devices.length > 0 && unknownOf(["memoryDevices"])),
    // The program's own XML may leave the machine type to libvirt.
    ...(inputs.xml !== undefined && unknownOf(["reachable"])),
    ...(runs && isRoundedAtBoot(view) && unknownOf(["liveMemory", "pendingMemory", "reachable"])),
  };
}

/** Sizes depend on the host's architecture. */
function readBackWithoutHost({ running }: Inputs): Properties {
  if (containsUnknown(running)) return allUnknown();
  const state = running === false ? "shutoff" : "running";
  return {
    ...allUnknown(),
    state,
    stateReason: undefined,
    guestMemory: undefined,
    guestMemoryFrom: undefined,
    guestVcpus: undefined,
  };
}
