import { ALWAYS_SECRET } from "../../sdk/secret-arguments.ts";
import { sum } from "../units/kib.ts";
import { canonicalSize, readCanonicalSize } from "../units/size.ts";
import { keptEntries, withMacs } from "./device-entries.ts";
import { formerMarks, formerSecrets } from "./former-secrets.ts";
import { domainUuid, resourceName } from "./identity.ts";
import type { Inputs, NumaNodeInput } from "./inputs.ts";
import { defaultMaxMemory, guestWidth, memoryCap } from "./max-memory.ts";
import { maxVcpusFor } from "./max-vcpus.ts";
import { isWithin } from "./property-path.ts";
import { type SecretMarked, secretArguments, secretPaths, valueAt } from "./secrets.ts";
import type { Defaults } from "./settings.ts";
import { knownSize, UNKNOWN } from "./unknown.ts";

/**
 * Adds what check computes: the name and the identity, from the URN at creation and kept afterwards, so that renaming a
 * resource by an alias keeps its domain; and `maxMemory`, `memorySlots` and `maxVcpus`, which are kept once they are set.
 *
 * @param news the program's inputs, hidden ones included
 * @param valid the arguments that passed their schema
 */
export function fillIn(
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  valid: Record<string, unknown>,
  defaults: Defaults,
  { isNew = false, mostVcpus }: NewDomain = {},
): Partial<Inputs> {
  const old = olds as Partial<Inputs>;
  const urn = String(news.__urn);
  const inputs: Partial<Inputs> = {
    __urn: urn,
    name: old.name ?? resourceName(urn),
    uuid: old.uuid ?? domainUuid(urn),
    memorySlots: old.memorySlots ?? defaults.memorySlots,
    ...valid,
  };
  if (typeof news.__provider === "string") inputs.__provider = news.__provider;
  if (Array.isArray(inputs.interfaces))
    inputs.interfaces = withMacs(inputs.interfaces, { urn, old: old.interfaces ?? [] });
  if (inputs.memory === undefined && inputs.numa !== undefined) inputs.memory = sumOfNodes(inputs.numa);
  if (inputs.maxMemory === undefined && inputs.memory !== undefined)
    inputs.maxMemory = maxMemoryFor(inputs.memory, inputs, old.maxMemory, defaults);
  if (inputs.maxVcpus === undefined) {
    const maxVcpus = maxVcpusFor(inputs, old.maxVcpus, isNew, mostVcpus);
    if (maxVcpus !== undefined) inputs.maxVcpus = maxVcpus;
  }
  return { ...inputs, ...secretMarks(old, news, inputs, isNew) };
}

/** What the defaults of a new domain depend on besides its arguments. */
export interface NewDomain {
  /** The resource has no domain yet. */
  isNew?: boolean;
  /** The most vCPUs that its machine can have; left out where the host couldn't be asked. */
  mostVcpus?: number | undefined;
}

/** Arguments that keep their value when the program no longer sets them. */
const KEPT = ["name", "maxMemory", "memorySlots", "maxVcpus"] as const;

/** What the class says is secret, and what is kept of values that were. */
function secretMarks(
  old: SecretMarked & Partial<Inputs>,
  news: SecretMarked,
  inputs: Partial<Inputs>,
  isNew: boolean,
): SecretMarked {
  const given = news as Partial<Inputs>;
  const were = secretArguments(old);
  const kept = KEPT.filter(
    (name) => were.has(name) && (given[name] ?? undefined) === undefined && inputs[name] === old[name],
  );
  const isSizeKept = kept.some((name) => name !== "name");
  const keptMac = isSecretMacKept(old, given, inputs) ? ["interfaces"] : [];
  const marked = secretPaths(news) ?? [];
  const always = ALWAYS_SECRET.filter(
    (path) =>
      (valueAt(given, path) ?? undefined) !== undefined && !marked.some((outer) => isWithin(path, outer)),
  );
  const paths = [...new Set([...marked, ...always, ...kept, ...keptMac])];
  return {
    ...((news.__secret === true || isSizeKept) && { __secret: true }),
    ...formerMarks(isNew ? {} : formerSecrets(old, inputs, paths), paths),
  };
}

/** Whether an interface keeps a MAC that was secret. */
function isSecretMacKept(
  old: SecretMarked & Partial<Inputs>,
  given: Partial<Inputs>,
  { interfaces }: Partial<Inputs>,
): boolean {
  if (!Array.isArray(interfaces) || !Array.isArray(old.interfaces)) return false;
  const were = new Set(old.__secrets);
  const earlier = old.interfaces;
  const matches = keptEntries(interfaces, earlier);
  return interfaces.some(({ mac }, index) => {
    const place = matches[index] ?? -1;
    const paths = ["interfaces", `interfaces[${place}]`, `interfaces[${place}].mac`];
    const isGiven = (given.interfaces?.[index]?.mac ?? undefined) !== undefined;
    return !isGiven && mac === earlier[place]?.mac && paths.some((path) => were.has(path));
  });
}

/**
 * The old `maxMemory`, unless the memory has outgrown it: then the default is computed again. It is limited to the cap,
 * which a change of the guest's width or of the stack's configuration may have lowered.
 */
function maxMemoryFor(
  memory: string,
  inputs: Partial<Inputs>,
  old: string | undefined,
  defaults: Defaults,
): string {
  if (memory === UNKNOWN) return UNKNOWN;
  const wanted = readCanonicalSize(memory);
  const kept = old === undefined || readCanonicalSize(old) < wanted ? undefined : readCanonicalSize(old);
  const width = guestWidth(inputs);
  if (width === undefined) return kept === undefined ? UNKNOWN : canonicalSize(kept);
  const cap = memoryCap(width, defaults);
  return canonicalSize(
    kept === undefined ? defaultMaxMemory(wanted, cap) : Math.min(kept, Math.max(wanted, cap)),
  );
}

/** The memory of a program that only sets the memory of its nodes. */
function sumOfNodes(numa: NumaNodeInput[] | string): string {
  if (typeof numa === "string" || numa.some((node) => typeof node === "string" || node.memory === UNKNOWN))
    return UNKNOWN;
  return canonicalSize(sum(numa.map(({ memory }) => knownSize(memory) ?? 0)));
}
