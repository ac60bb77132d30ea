/**
 * Rules for Pulumi's policy packs. This entry needs the package `@pulumi/policy`, 1.14 or later: without it the import throws an error.
 * All functions only read what Pulumi gives to a policy: the arguments, the outputs and the planned outcome of each domain, of the
 * class and of the plugin. They don't connect to a host.
 *
 * A domain that a rule can't judge, because a value is secret or not known yet, is handled as `onUnknown` specifies.
 *
 * @module pulumi-libvirt-hotplug/policy
 */

export { type AdoptedStayAdoptedArgs, adoptedStayAdopted } from "./adopted-stay-adopted.ts";
export type { Exception } from "./exceptions.ts";
export { type HeadroomArgs, headroom } from "./headroom.ts";
export { type HostLimit, type MaxPerHostArgs, maxPerHost } from "./max-per-host.ts";
export { type NoDowntimeArgs, noDowntime } from "./no-downtime.ts";
export { type NoUnknownOutcomeArgs, noUnknownOutcome } from "./no-unknown-outcome.ts";
export { type ReachableArgs, reachable } from "./reachable.ts";
export type { Rule, RuleArgs, RuleOptions } from "./rule.ts";
export {
  type PolicySizeArgs,
  type PolicySizes,
  type SizeCatalogueArgs,
  sizeCatalogue,
} from "./size-catalogue.ts";
