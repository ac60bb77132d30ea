import type { Lab } from "../../test/lab/lab.ts";
import { heading } from "./page.ts";
import type { Program } from "./program.ts";

/** What a person can do with the VMs that were kept. Unfolded, to be copied. `end`: the process that ends it all. */
export function tellHowToLook(lab: Lab, programs: readonly Program[], end: number): void {
  const pulumi = "node scripts/ready.mjs test/engine/cli.ts";
  for (const { domain, console: file, folder, backend } of programs) {
    const stack = `--dir ${folder} --backend ${backend}`;
    heading(`${domain} runs on`);
    console.log(`\
the domain      virsh --connect '${lab.uri}' dumpxml ${domain}
its console     tail -f ${file}
the program     ${folder}/index.ts
its preview     ${pulumi} preview --diff ${stack}
its update      ${pulumi} up ${stack}`);
  }
  heading("the end of all");
  console.log(`kill ${end}`);
}
