import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { overlay } from "../domain/overlay.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { DomainSpec } from "../domain/spec.ts";
import { partOf, STORED_FIELDS } from "./parts.ts";
import { atTheirPlaces } from "./placed-devices.ts";

/**
 * The arguments that the program sets and an existing domain's definition has differently. Identity and memory are not
 * among them.
 *
 * @param xml the definition, with the secrets in it
 * @param wanted the definition that the arguments ask for, with the existing domain's name and UUID
 */
export function differingFields(xml: string, inputs: Inputs, wanted: DomainSpec): FieldName[] {
  const root = readDomainXml(xml);
  const { name, uuid } = wanted;
  const changes = (spec: Partial<DomainSpec>) => overlay(xml, { name, uuid, ...spec }) !== xml;
  const set = STORED_FIELDS.filter((field) => inputs[field] !== undefined);
  return set.filter((field) => {
    const part = partOf(field);
    return (
      part.differs?.(root, wanted, changes) ?? changes(atTheirPlaces(xml, part.spec(inputs, wanted), inputs))
    );
  });
}
