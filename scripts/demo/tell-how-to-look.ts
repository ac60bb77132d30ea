import type { Lab } from "../../test/lab/lab.ts";
import { heading } from "./page.ts";
import type { Program } from "./program.ts";

/** What a person can do with the VM that was kept. Unfolded, to be copied. `end`: the process that ends it all. */
export function tellHowToLook(lab: Lab, program: Program, end: number): void {
  const pulumi = "node scripts/ready.mjs test/engine/cli.ts";
  const stack = `--dir ${program.folder} --backend ${lab.file("state")}`;
  heading("the VM runs on");
  console.log(`\
the domain      virsh --connect '${lab.uri}' dumpxml web-1
its console     tail -f ${program.console}
the program     ${program.folder}/index.ts
its preview     ${pulumi} preview --diff ${stack}
its update      ${pulumi} up ${stack}
the end of all  kill ${end}`);
}
