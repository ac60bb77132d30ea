import { run } from "../../test/lab/command.ts";
import type { Claim } from "./claim.ts";
import { say } from "./page.ts";
import type { Scene } from "./scene.ts";

// The package's own command, as it is run in the program's folder.

export async function explain(scene: Scene): Promise<Claim[]> {
  const text = await runExplain(scene, "1515MiB");
  const dimm = /^.*\bdimm\b.*\b256 MiB\b.*ua-pulumi-dimm0\b/m.exec(text)?.[0].trim().replace(/ +/g, " ");
  const sizes = /^live up +(.*(?:\n +.*)*)/m.exec(text)?.[1]?.replace(/\s+/g, " ") ?? "";
  const plan = /^plan for 1515 MiB\n {2}(\w+):/m.exec(text)?.[1];
  return [
    { text: "it draws the DIMM in its slot", holds: dimm !== undefined, seen: dimm ?? "no DIMM" },
    { text: "it names the sizes that are live", holds: /^1515–8171 MiB/.test(sizes), seen: sizes },
    { text: "it plans one of them as live", holds: plan === "live", seen: plan ?? "none" },
  ];
}

/** Shows what the command prints of the scene's VM, and of what an update to a size would do. */
async function runExplain({ lab, program, signal }: Scene, size: string): Promise<string> {
  signal.throwIfAborted();
  const { uri } = lab;
  const { domain, folder } = program;
  say(`  npx pulumi-libvirt-hotplug explain '${uri}' ${domain} ${size}`);
  const command = ["pulumi-libvirt-hotplug", "explain", uri, domain, size];
  const text = await run("npx", command, { cwd: folder });
  signal.throwIfAborted();
  for (const line of text.trimEnd().split("\n")) say(`    ${line}`);
  return text;
}
