import { reportsAddresses } from "../args/addresses.ts";
import type { Inputs } from "../args/inputs.ts";
import type { Defaults } from "../args/settings.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { readDomain } from "../domain/read.ts";
import type { DomainState } from "../domain/state.ts";
import { previewedDefinition } from "../operations/new-domain.ts";
import { outputs } from "../outputs.ts";
import { memoryView, type Observed } from "../plan/observed.ts";
import type { Session } from "../session.ts";
import {
  allUnknown,
  isRoundedAtBoot,
  type Properties,
  pick,
  READ_BACK,
  shown,
  unknownOf,
} from "./read-back.ts";

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

/** The outputs of a create in this run. The host is asked for what the new definition depends on. */
export async function previewedCreation(session: Session, inputs: Inputs): Promise<Properties> {
  const uri = inputs.uri === UNKNOWN ? UNKNOWN : session.uriFor(inputs);
  const adopts = inputs.__adopted === true;
  const xml =
    adopts || containsUnknown(inputs)
      ? undefined
      : await session.ask(
          uri,
          async (hypervisor) => (await previewedDefinition(session, hypervisor, inputs)).xml,
        );
  return foreseenCreation({ inputs, uri, adopts, xml, defaults: session.defaults });
}

/** The outputs of a create; unknown where only the new domain can tell. */
export function foreseenCreation({ inputs, uri, xml, adopts, defaults }: ForeseenCreation): Properties {
  const readBack = adopts
    ? allUnknown()
    : xml === undefined
      ? readBackWithoutHost(inputs)
      : readBackNew(inputs, uri, readDomain(xml), defaults);
  return defined({ ...shown(inputs), uri, ...readBack, addresses: newAddresses(inputs) });
}

/** Only the guest can tell. */
function newAddresses(inputs: Inputs): unknown {
  const isUnknown = containsUnknown(inputs.reportAddresses) || containsUnknown(inputs.interfaces);
  return isUnknown || reportsAddresses(inputs) ? UNKNOWN : undefined;
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
