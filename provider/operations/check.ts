import { checkInputs, type Failure } from "../args/check-inputs.ts";
import type { Inputs } from "../args/inputs.ts";
import { sayable } from "../args/secrecy.ts";
import { readCanonicalSize, saySize, UNKNOWN } from "../args/size.ts";
import { contradictions } from "../domain/overlay.ts";
import { parseUri } from "../libvirt/uri.ts";
import { askedMemory } from "../plan/asked.ts";
import { ceilingFor } from "../plan/definition.ts";
import { arrow, planMemory } from "../plan/memory.ts";
import type { Look, Session } from "../session.ts";

const MEMORY_FIELDS = ["memory", "maxMemory", "memorySlots"] as const;

/** Validates the arguments, fills in what is computed, and says what a change of the memory comes to. */
export async function check(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<{ inputs: Partial<Inputs>; failures: Failure[] }> {
  const { inputs, failures } = checkInputs(olds, news);
  session.checked.add(String(inputs.__urn));
  const all = [
    ...failures,
    ...uriFailures(inputs),
    ...xmlFailures(inputs, news),
    ...nameFailures(session, inputs),
  ];
  if (all.length > 0) return { inputs, failures: all };
  const old = olds as Partial<Inputs>;
  const memoryPlan = await sentence(session, old, inputs as Inputs);
  return { inputs: { ...inputs, memoryPlan }, failures: [] };
}

function uriFailures({ uri }: Partial<Inputs>): Failure[] {
  if (uri === undefined || uri === UNKNOWN) return [];
  try {
    parseUri(uri);
    return [];
  } catch (error) {
    return [{ property: "uri", reason: (error as Error).message }];
  }
}

/** XML of the program's own may say nothing else than the arguments, and those that check filled in. */
function xmlFailures(inputs: Partial<Inputs>, news: Record<string, unknown>): Failure[] {
  const { xml } = inputs;
  if (xml === undefined || xml === UNKNOWN) return [];
  const asked = inputs.memory === undefined ? undefined : askedMemory(inputs as Inputs);
  try {
    const said = contradictions(xml, {
      ...(asked && { memory: asked.memory, maxMemory: asked.maxMemory, memorySlots: asked.slots }),
      ...(typeof news.name === "string" && news.name !== UNKNOWN && { name: news.name }),
      ...(typeof inputs.vcpus === "number" && { vcpus: inputs.vcpus }),
    });
    return said.map((reason) => ({ property: "xml", reason: sayable(reason, inputs) }));
  } catch (error) {
    return [{ property: "xml", reason: sayable((error as Error).message, inputs) }];
  }
}

/** Two resources of one stack can't have one domain; the second to be checked says so. */
function nameFailures(session: Session, inputs: Partial<Inputs>): Failure[] {
  const { name, __urn: urn = "", uri } = inputs;
  if (name === undefined || name === UNKNOWN || uri === UNKNOWN) return [];
  const key = `${session.resolveUri(uri)} ${name}`;
  const other = session.names.get(key);
  for (const [named, owner] of session.names) if (owner === urn) session.names.delete(named);
  if (other !== undefined && other !== urn) {
    const reason = `is "${name}", which ${other} of this stack has too; domains of one host need different names`;
    return [{ property: "name", reason }];
  }
  session.names.set(key, urn);
  return [];
}

/** The memoryPlan: kept while no memory argument differs, else from a look at the domain, else the two sizes alone. */
async function sentence(session: Session, old: Partial<Inputs>, inputs: Inputs): Promise<string> {
  const chosen = session.replacing.get(inputs.__urn);
  if (old.uuid === undefined) return chosen ?? creation(inputs);
  const differs = MEMORY_FIELDS.some((name) => JSON.stringify(old[name]) !== JSON.stringify(inputs[name]));
  if (!differs && old.memoryPlan !== undefined) return old.memoryPlan;
  const asked = askedMemory(inputs);
  if (asked === undefined) return "not known yet: live if possible";
  const look: Look =
    inputs.uri === UNKNOWN ? { failed: "" } : await session.look(session.resolveUri(inputs.uri), inputs.uuid);
  if ("found" in look) {
    const plan = planMemory(
      asked,
      look.found.observed,
      inputs.running === false && look.found.observed.power !== "off",
    );
    return plan.summary || `${saySize(asked.memory)}: nothing to do`;
  }
  const before =
    old.memory === undefined || old.memory === UNKNOWN ? asked.memory : readCanonicalSize(old.memory);
  return arrow(before, asked.memory);
}

function creation(inputs: Inputs): string {
  const asked = askedMemory(inputs);
  if (asked === undefined) return "not known yet";
  const { maxMemory } = ceilingFor(asked);
  const room =
    maxMemory === undefined
      ? "without room to grow while it runs"
      : `room for ${maxMemory.slots} DIMMs, up to ${saySize(maxMemory.size)}`;
  return `starts with ${saySize(asked.memory)}; ${room}`;
}
