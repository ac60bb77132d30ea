import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Result, result } from "./result.ts";
import { inRounds } from "./rounds.ts";

const PLUGIN = join(import.meta.dirname, "../dist/plugin/pulumi-resource-libvirt-hotplug");
const DYNAMIC = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/dynamic-provider");

/** From the start of a provider's process to the line with its port, for which the engine waits. */
export async function startBench(rounds: number): Promise<Result> {
  const samples = await inRounds(rounds, [
    (measure) => started(PLUGIN, [], (work) => measure("the plugin", work)),
    (measure) => started(process.execPath, [DYNAMIC], (work) => measure("Pulumi's dynamic host", work)),
  ]);
  return result(
    { title: "5. From the start to the port line", unit: "ms", beside: ["Pulumi's dynamic host"] },
    samples,
  );
}

async function started(
  command: string,
  args: string[],
  measure: (work: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const [child] = await Promise.all([
    measure(async () => {
      // Nothing is asked of an engine before a provider has its port.
      const host = spawn(command, [...args, "127.0.0.1:1"], { stdio: ["pipe", "pipe", "ignore"] });
      let head = "";
      while (!head.includes("\n")) head += String((await once(host.stdout, "data"))[0]);
      return host;
    }) as Promise<ReturnType<typeof spawn>>,
  ]);
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
}
