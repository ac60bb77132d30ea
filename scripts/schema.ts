// Writes the schema that the plugin serves, from the types and the documentation of sdk/: `npm run schema`.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageSchema } from "./schema/package-schema.ts";

const path = join(import.meta.dirname, "../provider/plugin/schema.json");
await writeFile(path, `${JSON.stringify(packageSchema(), null, 2)}\n`);
