import type { CatalogueSize } from "../../sdk/catalogue-args.ts";
import { checkInputs } from "../args/check-inputs.ts";
import type { Failure } from "../args/failure.ts";
import type { Inputs } from "../args/inputs.ts";
import { propertyPath } from "../args/property-path.ts";
import { DEFAULTS } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { canonicalSize } from "../units/size.ts";
import { alignmentFor, type Catalogue, type NamedSize } from "./catalogue-args.ts";
import { catalogueProperty, inCatalogueTerms } from "./catalogue-terms.ts";

/** Stands for a resource of any program. It isn't shown. */
const ANY_URN = "urn:pulumi:any::any::any::domain";

/** A size as the arguments that a domain of the catalogue has. */
export function argumentsOf(
  { step, ceiling, allowUnplug, sizes, whenNotPossible, arch, machine, firmware, cpu, ...given }: Catalogue,
  { memory, vcpus }: NamedSize,
  memorySlots: number,
): CatalogueSize {
  const maxVcpus = given.maxVcpus ?? Math.max(...sizes.map((size) => size.vcpus));
  return {
    memory: canonicalSize(memory),
    vcpus,
    maxMemory: canonicalSize(ceiling),
    memorySlots,
    maxVcpus,
    hotplug: {
      alignment: canonicalSize(alignmentFor(step)),
      allowUnplug,
      // DIMMs of one size can make up each step down.
      ...(allowUnplug && { maxDimmSize: canonicalSize(step) }),
      ...defined({ whenNotPossible }),
    },
    ...defined({ arch, machine, firmware, cpu }),
  };
}

/** The inputs of a domain with these arguments, as check returns them; or why it refuses them, by the catalogue's own paths. */
export function inputsOf(name: string, args: CatalogueSize): { inputs: Inputs; failures: Failure[] } {
  const { arch = "x86_64", ...rest } = args;
  const { inputs, failures } = checkInputs({}, { __urn: ANY_URN, arch, ...rest }, DEFAULTS, { isNew: true });
  const size = propertyPath(["sizes", name]);
  return {
    // Everything in it passed the check where there is no failure, and nothing is unknown.
    inputs: inputs as Inputs,
    failures: failures.map(({ property, reason }) => ({
      property: catalogueProperty(property, size),
      reason: inCatalogueTerms(reason),
    })),
  };
}
