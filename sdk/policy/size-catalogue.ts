import { formatVcpus } from "../../provider/plan/text.ts";
import type { Kib } from "../../provider/units/kib.ts";
import { formatSize } from "../../provider/units/size.ts";
import { ALLOWED, type Rule, type RuleArgs, type RuleOptions, rule, type Verdict } from "./rule.ts";
import { sizesSchema, sizesSetting } from "./settings.ts";
import { argumentUnknown } from "./unjudged.ts";

/**
 * Sizes by name, as `catalogue` and `catalogueFile` of `pulumi-libvirt-hotplug/sizes` return them, or written out. Arguments other than
 * `memory`, `vcpus` and `maxMemory` are ignored.
 */
export type PolicySizes = Record<string, PolicySizeArgs>;

/** A size that domains may have. */
export interface PolicySizeArgs {
  /** The memory: a size such as `"4GiB"`, or a number of MiB. */
  memory: string | number;
  /** The number of vCPUs; at least 1. Default: any number is allowed. */
  vcpus?: number;
  /** The maximum: a size such as `"32GiB"`, or a number of MiB. Default: any maximum is allowed. */
  maxMemory?: string | number;
}

/** A size of the setting `sizes`, in ascending order. */
export interface PolicySize {
  name: string;
  memory: Kib;
  vcpus?: number;
  maxMemory?: Kib;
}

/** The settings of `sizeCatalogue`. */
export interface SizeCatalogueArgs extends RuleArgs {
  /** The sizes by name, at least one. Required, here or in the policy pack's configuration. */
  sizes?: PolicySizes;
}

/**
 * Memory, vCPUs and maximum of each domain are those of a size in the catalogue. The rule `size-catalogue`: it judges the arguments
 * `memory`, `vcpus` and `maxMemory`.
 *
 * @throws Error with all failures of the settings at once
 */
export function sizeCatalogue(args: SizeCatalogueArgs = {}, options?: RuleOptions): Rule {
  return rule<{ sizes: PolicySize[] }>(
    {
      name: "size-catalogue",
      displayName: "Sizes from the catalogue",
      description: "A virtual machine must have a size of the catalogue.",
      remedy: "Use a size of the catalogue.",
      settings: { sizes: { schema: sizesSetting, describe: sizesSchema, required: "" } },
      judge: (domain, { sizes }): Verdict => {
        const memory = domain.size("memory");
        if (memory.kind !== "known") return argumentUnknown(domain, "memory", memory);
        const ofMemory = sizes.filter((size) => size.memory === memory.value);
        if (ofMemory.length === 0)
          return {
            kind: "violated",
            text: `memory is ${formatSize(memory.value)}, which is not a size of the catalogue. Use ${nearest(sizes, memory.value)}.`,
          };
        const vcpus = domain.vcpus;
        const fixesVcpus = ofMemory.every((size) => size.vcpus !== undefined);
        if (fixesVcpus && vcpus.kind !== "known") return argumentUnknown(domain, "vcpus", vcpus);
        const found = ofMemory.filter(
          (size) => size.vcpus === undefined || (vcpus.kind === "known" && size.vcpus === vcpus.value),
        );
        if (found.length === 0 && vcpus.kind === "known")
          return {
            kind: "violated",
            text: `${formatSize(memory.value)} with ${formatVcpus(vcpus.value)} is not a size of the catalogue. Use ${listed(ofMemory)}.`,
          };
        const ceilings = new Set(found.flatMap((size) => size.maxMemory ?? []));
        if (ceilings.size === 0 || found.some((size) => size.maxMemory === undefined)) return ALLOWED;
        const maxMemory = domain.size("maxMemory");
        if (maxMemory.kind !== "known") return argumentUnknown(domain, "maxMemory", maxMemory);
        if (ceilings.has(maxMemory.value)) return ALLOWED;
        const wanted = [...ceilings].map(formatSize).join(" or ");
        return {
          kind: "violated",
          text: `maxMemory is ${formatSize(maxMemory.value)}, but the catalogue has ${wanted} for ${found.map(({ name }) => name).join(", ")}. Use ${wanted}.`,
        };
      },
    },
    { ...args },
    options,
  );
}

/** The sizes next to one that isn't in the catalogue. */
function nearest(sizes: readonly PolicySize[], memory: Kib): string {
  const below = sizes.filter((size) => size.memory < memory).at(-1);
  const above = sizes.find((size) => size.memory > memory);
  return listed([below, above].filter((size) => size !== undefined));
}

/** "small (2 GiB, 1 vCPU) or medium (4 GiB, 2 vCPUs)" */
function listed(sizes: readonly PolicySize[]): string {
  return sizes.map((size) => `${size.name} (${figuresOf(size)})`).join(" or ");
}

export function figuresOf({ memory, vcpus }: PolicySize): string {
  return vcpus === undefined ? formatSize(memory) : `${formatSize(memory)}, ${formatVcpus(vcpus)}`;
}
