import type { Session } from "../session.ts";
import { stackUrn } from "../stack/urn.ts";
import { pulumiHost } from "./host-process.ts";
import type { ProgramRun } from "./hosts.ts";

/** Runs the program in @pulumi/pulumi's own program host. */
export function startProgramProcess(session: Session): ProgramRun {
  const { project, stack, config, env, preview, parallel, report } = session;
  const { address } = session.monitor;
  const host = pulumiHost({
    project,
    entry: "@pulumi/pulumi/cmd/run",
    args: [
      ...["--monitor", address, "--engine", address],
      ...["--organization", "organization", "--project", project.name, "--stack", stack],
      ...["--root-directory", project.dir, "--pwd", project.dir],
      ...(preview ? ["--dry-run"] : []),
      ...["--parallel", String(parallel), project.main],
    ],
    env: {
      ...env,
      PULUMI_CONFIG: JSON.stringify(config.values),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: String(project.typescript),
    },
  });
  const urn = stackUrn({ project: project.name, stack });
  for (const stream of [host.stdout, host.stderr]) {
    stream.on("data", (chunk) =>
      report.diagnostic({ urn, severity: "info", message: String(chunk).trimEnd(), ephemeral: false }),
    );
  }
  return host;
}
