import { formatVcpus } from "../../provider/plan/text.ts";
import { formatSize } from "../../provider/units/size.ts";
import { isWithinRanges } from "./domain.ts";
import { ALLOWED, type Rule, type RuleArgs, type RuleOptions, rule, type Verdict } from "./rule.ts";
import { sizesSchema, sizesSetting } from "./settings.ts";
import { figuresOf, type PolicySize, type PolicySizes } from "./size-catalogue.ts";
import { argumentUnknown, outputUnknown } from "./unjudged.ts";

/** The settings of `reachable`. */
export interface ReachableArgs extends RuleArgs {
  /** The sizes by name, at least one. Required, here or in the policy pack's configuration. */
  sizes?: PolicySizes;
}

/**
 * From the size of each domain, the next larger size of the catalogue is live. The rule `reachable`: the memory of the next size must be
 * in the output `reachable`, and its vCPUs in `reachableVcpus`, which are the planner's answers. A domain with the largest size, or a
 * larger one, doesn't violate the rule, nor does one that is off.
 *
 * @throws Error with all failures of the settings at once
 */
export function reachable(args: ReachableArgs = {}, options?: RuleOptions): Rule {
  return rule<{ sizes: PolicySize[] }>(
    {
      name: "reachable",
      displayName: "The next size is live",
      description:
        "A virtual machine must be able to grow to the next size of the catalogue without a restart.",
      remedy: "Use a size of the catalogue, with its maxMemory, memorySlots and maxVcpus.",
      settings: { sizes: { schema: sizesSetting, describe: sizesSchema, required: "" } },
      judgesResult: true,
      judge: (domain, { sizes }, stage): Verdict => {
        const memory = domain.size("memory");
        if (memory.kind !== "known") return argumentUnknown(domain, "memory", memory);
        const vcpus = domain.vcpus;
        const isLarger = (size: PolicySize) =>
          size.memory > memory.value ||
          (size.memory === memory.value &&
            size.vcpus !== undefined &&
            vcpus.kind === "known" &&
            size.vcpus > vcpus.value);
        const next = sizes.find(isLarger);
        if (next === undefined || domain.isOff) return ALLOWED;
        const missed = (what: string, text: string): Verdict => ({
          kind: "violated",
          text: `from ${formatSize(memory.value)} the next size, ${next.name} (${figuresOf(next)}), is not live: ${what} ${text}. Use a size of the catalogue, with its maxMemory, memorySlots and maxVcpus.`,
        });
        if (next.memory !== memory.value) {
          const { reachable: sizesLive } = domain;
          // Without any, the output is an empty list.
          if (sizesLive.kind !== "known") return outputUnknown(domain, "reachable sizes", sizesLive, stage);
          if (!isWithinRanges(sizesLive.value, next.memory))
            return missed("memory", rangesText(sizesLive.value, formatSize));
        }
        if (next.vcpus === undefined) return ALLOWED;
        if (vcpus.kind !== "known") return argumentUnknown(domain, "vcpus", vcpus);
        if (next.vcpus === vcpus.value) return ALLOWED;
        const { reachableVcpus } = domain;
        if (reachableVcpus.kind === "unknown" || reachableVcpus.kind === "secret" || domain.lacksOutputs)
          return outputUnknown(domain, "reachable vCPUs", reachableVcpus, stage);
        const live = reachableVcpus.kind === "known" ? reachableVcpus.value : [];
        return isWithinRanges(live, next.vcpus) ? ALLOWED : missed("vcpus", rangesText(live, formatVcpus));
      },
    },
    { ...args },
    options,
  );
}

function rangesText(
  ranges: readonly { from: number; to: number; step: number }[],
  format: (figure: number) => string,
): string {
  if (ranges.length === 0) return "can't be changed live";
  const texts = ranges.map(({ from, to, step }) =>
    from === to ? format(from) : `${format(from)} up to ${format(to)} in steps of ${format(step)}`,
  );
  return `can be changed live to ${texts.join(", or ")}`;
}
