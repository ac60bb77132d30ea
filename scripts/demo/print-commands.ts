import type { FoundEngine } from "../../test/engine/find-engine.ts";
import { PASSPHRASE } from "../../test/engine/pulumi-cli.ts";
import type { Lab } from "../../test/lab/lab.ts";
import { heading } from "./page.ts";
import type { Program } from "./program.ts";

/** The commands for the VMs that were kept. Not folded, so that they can be copied. `end`: the process to end. */
export function printCommands(
  lab: Lab,
  programs: readonly Program[],
  { engine, end }: { engine: FoundEngine; end: number },
): void {
  for (const program of programs) {
    heading(`${program.domain} is still running`);
    console.log(`\
the domain      virsh --connect '${lab.uri}' dumpxml ${program.domain}
its console     tail -f ${program.console}
the program     ${program.folder}/index.ts
its preview     ${pulumi(engine, program, "preview")}
its update      ${pulumi(engine, program, "up")}`);
  }
  heading("to end it all");
  console.log(`kill ${end}`);
}

function pulumi(engine: FoundEngine, { folder, backend }: Program, operation: "preview" | "up"): string {
  const flags = operation === "preview" ? " --diff" : "";
  if (engine.kind === "small") {
    return `node scripts/ready.mjs test/engine/cli.ts ${operation}${flags} --dir ${folder} --backend ${backend}`;
  }
  const env = { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE };
  const settings = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
  return `${settings.join(" ")} ${engine.command.command} ${operation}${flags} --stack dev --cwd ${folder}`;
}
