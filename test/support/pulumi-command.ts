import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { PASSPHRASE } from "../engine/pulumi-cli.ts";
import type { StackOnLab } from "./stack-on-lab.ts";

/** For options of the CLI that its Automation API doesn't have. */
export async function pulumi(
  { dir }: StackOnLab,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const cli = spawn("pulumi", [...args, "--non-interactive", "--color", "never", "--stack", "dev"], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...env,
    },
  });
  let output = "";
  for (const stream of [cli.stdout, cli.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(cli, "close");
  return { code, output };
}
