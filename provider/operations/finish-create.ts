import { PartialError } from "../errors.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { type Outputs, outputs, unreadOutputs } from "../outputs.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import type { NewDomain } from "./new-domain.ts";
import { setOwner } from "./set-owner.ts";

/** Reads the domain that was made, and marks it as finished. */
export async function finishNew(wanted: NewDomain, domain: DomainRef): Promise<Outputs> {
  const observation = await observe(wanted.hypervisor, domain);
  const outs = await newOutputs(wanted, observation);
  await finish(wanted, domain, outs, observation);
  return outs;
}

export async function newOutputs(
  { session, inputs, definition }: NewDomain,
  observation: Observation,
): Promise<Outputs> {
  const { spec } = await definition();
  return outputs(inputs, {
    ...{ uri: session.uriFor(inputs), observation, defaults: session.defaults, adopted: false },
    // libvirt sets the balloon target at start; nothing waits until the guest has booted and reaches it.
    told: unreachedBalloonTarget(spec.currentMemory, observation.observed),
  });
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
