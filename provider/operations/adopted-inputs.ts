import type { Failure } from "../args/failure.ts";
import { FIELDS } from "../args/fields.ts";
import { resourceName } from "../args/identity.ts";
import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { parseDomain } from "../domain/parse.ts";
import { readMaxMemory } from "../domain/read.ts";
import type { Session } from "../session.ts";
import { canonicalSize } from "../units/size.ts";
import { nothingToAdopt } from "./adopt.ts";

/** Whether this check begins a resource by taking a domain over. What is replaced was made by us before, whatever `adopt` says by now. */
export function isAdoption(
  session: Session,
  olds: Record<string, unknown>,
  { adopt, __urn: urn }: Record<string, unknown>,
): boolean {
  return adopt === true && olds.uuid === undefined && !session.replacing.has(String(urn));
}

/**
 * What an adopted domain brings with it, as if it had been there before: its UUID, its ceiling and its slots. Known
 * when the host can be reached; else the create that follows finds it.
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
  if ("failed" in look) return { found: {}, failures: [] };
  if ("gone" in look)
    return { found: {}, failures: [{ property: "adopt", reason: nothingToAdopt(wanted, where) }] };
  const { definition } = look.found;
  const { maxMemory } = definition;
  // None stays none: a ceiling that is the memory itself. A memory that is no size is refused elsewhere.
  const ceiling =
    maxMemory === undefined ? FIELDS.memory.schema.safeParse(memory).data : canonicalSize(maxMemory.size);
  return {
    found: {
      uuid: definition.uuid,
      ...(typeof ceiling === "string" && { maxMemory: ceiling }),
      ...(maxMemory?.slots !== undefined && { memorySlots: maxMemory.slots }),
    },
    failures: [],
  };
}

/** The ceiling and the slots that XML of the program's own names stand in for arguments that are left out. */
export function ceilingInXml({ xml }: Record<string, unknown>): Partial<Inputs> {
  if (typeof xml !== "string" || xml === UNKNOWN) return {};
  try {
    const found = readMaxMemory(parseDomain(xml).root);
    if (found === undefined) return {};
    return {
      maxMemory: canonicalSize(found.size),
      ...(found.slots !== undefined && { memorySlots: found.slots }),
    };
  } catch {
    // What is wrong with it is said of the argument xml itself.
    return {};
  }
}
