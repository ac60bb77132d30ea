import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** The declarations of the arguments in sdk/, with their documentation. */
export const documentedArguments = ["sdk/domain-args.ts", ...globSync("sdk/args/*.ts", { cwd: root })]
  .map((file) => readFileSync(join(root, file), "utf8"))
  .join("\n");
