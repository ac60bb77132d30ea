import type { Inputs } from "../args/inputs.ts";
import { MARKED_FIELDS, markedArguments } from "../args/written-arguments.ts";
import { definitionXml, domainSpec } from "../definition/domain-spec.ts";
import { setOwnership } from "../domain/edit.ts";
import type { DomainSpec } from "../domain/spec.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { readHost } from "../observe/host.ts";
import type { Session } from "../session.ts";
import { readCanonicalSize } from "../units/size.ts";

/** The domain that a create makes: what the program wants, and the host that gets it. */
export interface NewDomain {
  session: Session;
  hypervisor: Hypervisor;
  inputs: Inputs;
  /** `newDefinition`, which is built at the first call only. */
  definition(): ReturnType<typeof newDefinition>;
}

export function newDomain(session: Session, hypervisor: Hypervisor, inputs: Inputs): NewDomain {
  let built: ReturnType<typeof newDefinition> | undefined;
  const definition = () => {
    built ??= newDefinition(session, hypervisor, inputs);
    return built;
  };
  return { session, hypervisor, inputs, definition };
}

/** The same for a preview: the check of a resource and what is foreseen of its domain share one. */
export function previewedDefinition(
  session: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
): ReturnType<typeof newDefinition> {
  const notes = session.run.of(inputs.__urn);
  const { successor = inputs } = notes;
  if (notes.definition?.of !== successor)
    notes.definition = { of: successor, built: newDefinition(session, hypervisor, successor) };
  return notes.definition.built;
}

/** The definition of a new domain, which is marked as unfinished. All values must be known. */
export async function newDefinition(
  { configuration, defaults }: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
): Promise<{ spec: DomainSpec; xml: string }> {
  const host = readHost(await hypervisor.capabilities());
  const spec = domainSpec(inputs, host, configuration.domainType, defaults);
  const mark = { version: 1, urn: inputs.__urn, creating: true };
  const xml = definitionXml(inputs, spec, configuration.domainType);
  const written = {
    total: readCanonicalSize(inputs.memory),
    arguments: markedArguments(undefined, MARKED_FIELDS, inputs),
  };
  return { spec, xml: setOwnership(xml, mark, written) };
}
