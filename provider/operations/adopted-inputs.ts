import type { Failure } from "../args/failure.ts";
import { FIELDS } from "../args/fields.ts";
import { resourceName } from "../args/identity.ts";
import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { readDomainXml } from "../domain/parse.ts";
import { readMaxMemory } from "../domain/read.ts";
import { maxVcpusInXml } from "../domain/vcpus.ts";
import type { Session } from "../session.ts";
import { canonicalSize } from "../units/size.ts";
import { nothingToAdopt } from "./adopt.ts";
import { isAdopted } from "./planned-change.ts";

/**
 * Whether a new resource adopts a domain. A domain that is replaced was created by this provider, even if `adopt` has
 * been set to true since.
 */
export function isAdoption(
  session: Session,
  olds: Record<string, unknown>,
  { adopt, __urn: urn }: Record<string, unknown>,
): boolean {
  const { recorded, replacement } = session.run.of(String(urn));
  const isReplaced = replacement !== undefined || (recorded !== undefined && !isAdopted(recorded));
  return adopt === true && olds.uuid === undefined && !isReplaced;
}

/**
 * The inputs that are taken from an adopted domain, as if they were old inputs: its UUID, maxMemory, memorySlots and
 * maxVcpus.
 * Empty if the host can't be reached: then the create reads them.
 */
export async function adoptedInputs(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<{ found: Partial<Inputs>; failures: Failure[] }> {
  const { name, uri, memory } = news;
  const urn = String(news.__urn);
  const wanted = typeof name === "string" ? name : resourceName(urn);
  if (!isAdoption(session, olds, news) || wanted === UNKNOWN || uri === UNKNOWN)
    return { found: {}, failures: [] };
  const where = session.resolveUri(typeof uri === "string" ? uri : undefined);
  const look = await session.lookByName(where, wanted);
  if (look.kind === "failed") return { found: {}, failures: [] };
  if (look.kind === "gone") {
    const { text } = nothingToAdopt(wanted, where);
    return { found: {}, failures: [{ property: "adopt", reason: text }] };
  }
  const { uuid, maxMemory, vcpus: maxVcpus } = look.observation.definition;
  // A domain without maxMemory keeps none: then it equals the memory. An invalid memory is refused elsewhere.
  const ceiling =
    maxMemory === undefined ? FIELDS.memory.schema.safeParse(memory).data : canonicalSize(maxMemory.size);
  const found = { uuid, maxMemory: typeof ceiling === "string" ? ceiling : undefined };
  return { found: defined({ ...found, memorySlots: maxMemory?.slots, maxVcpus }), failures: [] };
}

/**
 * maxMemory, memorySlots and maxVcpus of the program's own XML: the defaults of these arguments.
 *
 * @param hasMaxVcpus false for a domain of an earlier version, whose state has no maxVcpus
 */
export function ceilingInXml({ xml }: Record<string, unknown>, hasMaxVcpus: boolean): Partial<Inputs> {
  if (typeof xml !== "string" || xml === UNKNOWN) return {};
  try {
    const root = readDomainXml(xml);
    const found = readMaxMemory(root);
    const memory = found && { maxMemory: canonicalSize(found.size), memorySlots: found.slots };
    return defined({ ...memory, maxVcpus: hasMaxVcpus ? maxVcpusInXml(root) : undefined });
  } catch {
    // The check of the argument xml reports what is wrong with it.
    return {};
  }
}
