import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { HostProcess } from "./host-process.ts";
import type { ProviderRun, ProviderServer } from "./hosts.ts";
import { connectTo } from "./served-process.ts";

/** Starts the executable of a resource plugin, as Pulumi.yaml or PATH names it. */
export function startPluginProcess(run: ProviderRun): ProviderServer {
  // As by the real engine: what it prints after it has shaken hands is for debugging only, so it is dropped here.
  let printed = "";
  const keep = (text: string) => {
    printed += text;
  };
  const host = new HostProcess({
    command: executableOf(run),
    args: [run.engineAddress],
    cwd: run.project.dir,
    env: {
      ...run.env,
      PULUMI_PROJECT: run.project.name,
      PULUMI_CONFIG: JSON.stringify(run.config),
    },
    holdsStdin: true,
  });
  host.stderr.on("data", (chunk) => keep(String(chunk)));
  const client = connectTo(host, keep);
  client.catch(() => {});
  let isStopping = false;
  host.exited.then(
    (code) => {
      if (!isStopping) run.onOutput(`the plugin ${run.package} exited with ${code}:\n${printed}`);
    },
    () => {},
  );
  return {
    kind: "plugin",
    client,
    stop: async () => {
      isStopping = true;
      await host.stop();
      await client.then(
        (open) => open.close(),
        () => {},
      );
    },
  };
}

function executableOf({ package: name, project, env }: ProviderRun): string {
  const program = `pulumi-resource-${name}`;
  const folder = project.plugins[name];
  const folders = folder === undefined ? (env.PATH ?? "").split(delimiter) : [folder];
  const found = folders.map((each) => join(each, program)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const where = folder === undefined ? "on PATH" : `in ${folder}`;
  throw new Error(`no resource plugin '${name}' found: there is no ${program} ${where}`);
}
