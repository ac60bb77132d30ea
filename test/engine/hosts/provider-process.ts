import { pulumiHost } from "./host-process.ts";
import type { ProviderRun, ProviderServer } from "./hosts.ts";
import { connectTo } from "./served-process.ts";

/** Starts @pulumi/pulumi's own host of dynamic providers. */
export function startProviderProcess(run: ProviderRun): ProviderServer {
  const host = pulumiHost({
    project: run.project,
    entry: "@pulumi/pulumi/cmd/dynamic-provider",
    args: [run.engineAddress],
    env: {
      ...run.env,
      PULUMI_CONFIG: "{}",
      PULUMI_PROJECT: run.project.name,
      PULUMI_NODEJS_PROJECT: run.project.name,
    },
  });
  host.stderr.on("data", (chunk) => run.onOutput(String(chunk)));
  const client = connectTo(host, run.onOutput);
  client.catch(() => {});
  return {
    kind: "dynamic",
    client,
    stop: async () => {
      await host.stop();
      await client.then(
        (open) => open.close(),
        () => {},
      );
    },
  };
}
