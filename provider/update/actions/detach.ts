import { Deadline } from "../../deadline.ts";
import type { Offlined } from "../../guest/offline.ts";
import type { Detaching } from "../../guest/record.ts";
import { ConnectionError, ErrorCode, hasCode } from "../../libvirt/errors.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import type { Observed } from "../../plan/observed.ts";
import type { DimmRemoval } from "../../plan/plan.ts";
import { formatSize } from "../../units/size.ts";
import type { StepContext } from "../step-context.ts";

/** Those of them that are still there; undefined where there is none. */
export function stillDetaching(
  domainId: number,
  aliases: Iterable<string>,
  { observed }: Observation,
): Detaching | undefined {
  const there = [...aliases].filter((alias) => isThere({ alias }, observed));
  return there.length === 0 ? undefined : { domainId, aliases: there };
}

/** What became of a request to take a device out; undefined: no answer yet. */
type Removal = { gone: Observation } | { refused: string };

/**
 * Takes a DIMM out of the running domain: asks for it by alias, and waits for the guest. What is not there any more is
 * left alone. A DIMM that was asked for before is waited for first, and asked for again only when the guest stays silent.
 *
 * @throws Error where the guest refuses, or does not answer in time: nothing counts as removed that is still there
 */
export async function detach(
  dimm: DimmRemoval,
  place: StepContext,
  present: Observation,
): Promise<Observation> {
  const { underWay } = place;
  if (!isThere(dimm, present.observed)) return present;
  const earlier = underWay.has(dimm.alias) ? await answer(dimm, place) : undefined;
  if (earlier !== undefined) return removed(dimm, place, earlier);
  const offlined = (await place.offline?.(dimm)) ?? NOTHING_OFFLINE;
  const { refused, silent, blocks, putBack } = offlined;
  if (refused !== undefined) throw new Error(`the guest refused: ${refused}; ${STAYS}`);
  if (silent !== undefined)
    throw new Error(
      `no answer within ${place.removalTimeout} s: ${silent}; ${STAYS}${describeOffline(blocks)}`,
    );
  try {
    return removed(dimm, place, await request(dimm, place), blocks);
  } catch (error) {
    if (!underWay.has(dimm.alias)) await putBack();
    throw error;
  }
}

const NOTHING_OFFLINE: Offlined = { blocks: 0, putBack: async () => {} };

const STAYS = "nothing of it was taken out";

/** Sends the request. It is under way until it is answered, also where the daemon went away over it. */
async function request(dimm: DimmRemoval, place: StepContext): Promise<Removal | undefined> {
  const { hypervisor, domain, underWay } = place;
  underWay.add(dimm.alias);
  return answer(dimm, place, async () => {
    try {
      await hypervisor.detachDevice(domain, dimm.alias, { live: true });
      return undefined;
    } catch (error) {
      // The guest refused while libvirt itself waited for it.
      if (hasCode(error, ErrorCode.OPERATION_FAILED)) return error.message;
      if (!(error instanceof ConnectionError)) underWay.delete(dimm.alias);
      throw error;
    }
  });
}

/** @param send answers why the guest refused at once */
async function answer(
  dimm: DimmRemoval,
  { hypervisor, domain, removalTimeout, clock }: StepContext,
  send?: () => Promise<string | undefined>,
): Promise<Removal | undefined> {
  let refused: string | undefined;
  return waitForDomain<Removal>(hypervisor, domain, {
    deadline: Deadline.inSeconds(removalTimeout, clock),
    begin: async () => {
      const said = await send?.();
      refused = said ?? refused;
    },
    onEvent: (event) => {
      if (event.kind === "device-removal-failed" && event.alias === dimm.alias) refused = event.kind;
    },
    poll: async () => {
      const seen = await observe(hypervisor, domain);
      if (!isThere(dimm, seen.observed)) return { gone: seen };
      return refused === undefined ? undefined : { refused };
    },
  });
}

function removed(
  { alias, size }: DimmRemoval,
  { removalTimeout, underWay }: StepContext,
  removal: Removal | undefined,
  blocks = 0,
): Observation {
  if (removal === undefined)
    throw new Error(
      `no answer from the guest within ${removalTimeout} s: the ${formatSize(size)} are still there; they may go later, which a refresh would show, and the next update waits for them before it asks again${describeOffline(blocks)}`,
    );
  underWay.delete(alias);
  if ("gone" in removal) return removal.gone;
  throw new Error(`the guest refused to give it up (${removal.refused}): its kernel log says why; ${STAYS}`);
}

/** Memory that is there and that the guest doesn't use: its own figures show less. */
function describeOffline(blocks: number): string {
  if (blocks === 0) return "";
  return `; ${blocks === 1 ? "1 block of it is" : `${blocks} blocks of it are`} offline in the guest`;
}

function isThere({ alias }: Pick<DimmRemoval, "alias">, observed: Observed): boolean {
  return observed.live?.devices.some((device) => device.alias === alias) === true;
}
