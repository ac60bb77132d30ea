/**
 * Catalogues of sizes, whose steps are live by the planner's rules. The functions need neither a host nor a Pulumi program that runs.
 *
 * @module pulumi-libvirt-hotplug/sizes
 */

export { catalogue, catalogueFile } from "../provider/sizes/catalogue.ts";
export type { CatalogueArgs, CatalogueEntry, CatalogueSize } from "./catalogue-args.ts";
