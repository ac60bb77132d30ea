import { dependenciesOf, type Resource } from "../stack/resource.ts";
import type { Executor } from "./executor.ts";
import type { DeleteStep, Step } from "./step.ts";

/** Deletes layer by layer, what depends on others first; what a failed step still needs is left alone. */
export async function deleteInLayers(
  steps: DeleteStep[],
  base: Resource[],
  executor: Executor,
): Promise<void> {
  for (const layer of layers(steps, base)) {
    const needed = neededBy(executor.failedSteps, base);
    for (const step of layer) if (!needed.has(step.old)) await executor.submit([step]);
    await executor.idle();
  }
}

function layers(steps: DeleteStep[], base: Resource[]): DeleteStep[][] {
  const position = new Map(base.map((resource, i) => [resource, i]));
  const at = (step: DeleteStep) => position.get(step.old) ?? 0;
  const found: DeleteStep[][] = [];
  let left = steps;
  while (left.length > 0) {
    const independent = left.filter((step) => {
      const dependencies = new Set(dependenciesOf(step.old));
      return !left.some((other) => dependencies.has(other.urn) && at(other) < at(step));
    });
    found.push(independent);
    left = left.filter((step) => !independent.includes(step));
  }
  return found.reverse();
}

function neededBy(failed: Step[], base: Resource[]): Set<Resource> {
  const needed = new Set<Resource>();
  for (const step of failed) {
    const resource = step.old ?? step.new;
    const position = base.indexOf(resource);
    const urns = new Set(dependenciesOf(resource));
    for (const earlier of base.slice(0, position < 0 ? undefined : position).reverse()) {
      if (!urns.has(earlier.urn)) continue;
      needed.add(earlier);
      for (const urn of dependenciesOf(earlier)) urns.add(urn);
    }
  }
  return needed;
}
