export { catalogue, catalogueFile } from "../provider/sizes/catalogue.ts";
export type { CatalogueArgs, CatalogueEntry, CatalogueSize } from "./catalogue-args.ts";
