import type { Difference } from "../hosts/difference.ts";
import { dependenciesOf, type Resource } from "../stack/resource.ts";
import { type Props, UNKNOWN } from "../stack/values.ts";

/**
 * Who must be deleted before `root` can be: a dependent that is deleted with a replaced resource, or whose provider
 * asks for a replacement when the inputs that come from a replaced resource become unknown.
 */
export async function dependentsToReplace(
  root: Resource,
  o: {
    base: Resource[];
    isDecided: (urn: string) => boolean;
    diff: (resource: Resource, inputs: Props) => Promise<Difference>;
  },
): Promise<Resource[]> {
  const replaced = new Set([root.urn]);
  const reached = new Set([root.urn]);
  const dependents: Resource[] = [];
  for (const resource of o.base.slice(o.base.indexOf(root) + 1)) {
    if (o.isDecided(resource.urn)) continue;
    const dependencies = dependenciesOf({ ...resource, parent: "" });
    if (!dependencies.some((urn) => reached.has(urn))) continue;
    reached.add(resource.urn);
    if (!resource.custom) continue;
    if (replaced.has(resource.deletedWith) || (await diffRequiresReplacement(resource))) {
      dependents.push(resource);
      replaced.add(resource.urn);
    }
  }
  return dependents;

  async function diffRequiresReplacement(resource: Resource): Promise<boolean> {
    const affected = Object.keys(resource.inputs).filter((key) =>
      resource.propertyDependencies[key]?.some((urn) => replaced.has(urn)),
    );
    if (affected.length === 0) return false;
    const inputs = { ...resource.inputs, ...Object.fromEntries(affected.map((key) => [key, UNKNOWN])) };
    return (await o.diff(resource, inputs)).replaces.length > 0;
  }
}
