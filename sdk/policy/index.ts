export { type AdoptedStayAdoptedArgs, adoptedStayAdopted } from "./adopted-stay-adopted.ts";
export type { Exception } from "./exceptions.ts";
export { type HeadroomArgs, headroom } from "./headroom.ts";
export { type HostLimit, type MaxPerHostArgs, maxPerHost } from "./max-per-host.ts";
export { type NoDowntimeArgs, noDowntime } from "./no-downtime.ts";
export { type NoUnknownOutcomeArgs, noUnknownOutcome } from "./no-unknown-outcome.ts";
export { type ReachableArgs, reachable } from "./reachable.ts";
export type { Rule, RuleArgs, RuleOptions } from "./rule.ts";
export { type PolicySizes, type SizeCatalogueArgs, sizeCatalogue } from "./size-catalogue.ts";
