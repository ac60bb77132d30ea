import { addressWaits, reportsAddresses } from "../args/addresses.ts";
import { redact } from "../args/redact.ts";
import { Cancelled, PartialError } from "../errors.ts";
import type { AddressRecord } from "../guest/address-record.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { type Outputs, outputs, partialOutputs, unreadOutputs } from "../outputs.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import { awaitedAddresses, lackingAddresses } from "../update/find-addresses.ts";
import type { NewDomain } from "./new-domain.ts";
import { setOwner } from "./set-owner.ts";

/** Reads the domain that was made, and marks it as finished. */
export async function finishNew(wanted: NewDomain, domain: DomainRef): Promise<Outputs> {
  const observation = await observe(wanted.hypervisor, domain);
  const { outs, shortfall } = await withNewAddresses(wanted, domain, observation, { isStarting: true });
  await finish(wanted, domain, outs, observation);
  if (shortfall !== undefined) throw shortfall;
  return outs;
}

export async function newOutputs(
  { session, inputs, definition }: NewDomain,
  observation: Observation,
  addresses?: AddressRecord,
): Promise<Outputs> {
  const { spec } = await definition();
  return outputs(inputs, {
    ...{ uri: session.uriFor(inputs), observation, defaults: session.defaults, adopted: false },
    // libvirt sets the balloon target at start; nothing waits until the guest has booted and reaches it.
    told: unreachedBalloonTarget(spec.currentMemory, observation.observed),
    addresses,
  });
}

/**
 * The outputs of a domain that runs, with the addresses that the program asks for.
 *
 * @returns also the error of a create whose guest has no address in time: the domain stays, and the next update waits again
 * @throws PartialError where the run is cancelled while it waits
 */
export async function withNewAddresses(
  wanted: NewDomain,
  domain: DomainRef,
  observation: Observation,
  { isStarting }: { isStarting: boolean },
): Promise<{ outs: Outputs; shortfall?: PartialError }> {
  const { session, hypervisor, inputs } = wanted;
  if (!reportsAddresses(inputs)) return { outs: await newOutputs(wanted, observation) };
  const waits = addressWaits(inputs);
  const partial = (text: string, outs: Outputs, cause?: Cancelled) =>
    new PartialError(redact(text, inputs), inputs.uuid, partialOutputs(outs), cause);
  try {
    const addressed = { session, hypervisor, domain, observation, inputs };
    const { record, shortfall } = await awaitedAddresses(addressed, waits, isStarting);
    const outs = await newOutputs(wanted, observation, record);
    if (shortfall === undefined) return { outs };
    return { outs, shortfall: partial(lackingAddresses(inputs.name, shortfall), outs) };
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    const record = { addresses: [], missing: waits.map(({ mac }) => mac) };
    const text = `Domain ${inputs.name}: cancelled while waiting for an address; the next update continues`;
    throw partial(text, await newOutputs(wanted, observation, record), error);
  }
}

/**
 * From here on the domain is finished: a later create continues with it only if it is exactly what that create would make. This is
 * the last call, so that a create that failed before it can be continued.
 */
export async function finish(
  { hypervisor, inputs }: NewDomain,
  domain: DomainRef,
  outs: Outputs,
  observation?: Observation,
): Promise<void> {
  try {
    await setOwner(hypervisor, domain, inputs.__urn, observation, { arguments: undefined });
  } catch (cause) {
    // The domain may have gone off since it was read.
    const text = `${messageOf(cause)}; the next update continues`;
    throw new PartialError(text, inputs.uuid, unreadOutputs(outs), cause);
  }
}
