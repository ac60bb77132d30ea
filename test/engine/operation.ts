import type { Hosts } from "./hosts/hosts.ts";
import { ProviderHost } from "./hosts/provider-host.ts";
import { Providers } from "./hosts/providers.ts";
import { Monitor } from "./monitor.ts";
import { refresh } from "./refresh.ts";
import { type EngineEvent, messageOf, type OperationResult, Report } from "./report.ts";
import { type Session, stepExecutor } from "./session.ts";
import { type Config, type Project, packageConfig } from "./stack/project.ts";
import { Snapshot } from "./stack/snapshot.ts";
import { isStack } from "./stack/urn.ts";
import { withoutSecretMarks } from "./stack/values.ts";
import { deleteInLayers } from "./steps/deletion.ts";
import { StepGenerator } from "./steps/generator.ts";
import { Bail } from "./steps/step.ts";
import { Update } from "./update.ts";

export type OperationKind = "update" | "refresh" | "destroy";

export interface OperationOptions {
  hosts: Hosts;
  project: Project;
  stack: string;
  /** The deployment; it need not exist. */
  stateFile: string;
  config: Config;
  /** The environment of program and provider. */
  env: Record<string, string | undefined>;
  /** Decides what would be done, and neither does it nor writes the state. */
  preview: boolean;
  /** Refreshes before an update or a destroy. */
  refresh: boolean;
  /** The URNs of resources that an update replaces whatever their providers answer. */
  replace?: readonly string[];
  parallel: number;
  continueOnError: boolean;
  /** When aborted, calls in flight are let end, and no others begun. */
  signal: AbortSignal;
  onEvent: (event: EngineEvent) => void;
}

export async function runOperation(kind: OperationKind, options: OperationOptions): Promise<OperationResult> {
  const started = performance.now();
  const { hosts, project, stack, config, env, preview, parallel, signal } = options;
  const report = new Report(options.onEvent);
  const snapshot = new Snapshot(options.stateFile, { readOnly: preview });
  const oldOutputs = stackOutputs(snapshot);
  warnOfInterruptedCreations(snapshot, report);
  const monitor = new Monitor({ project: project.name, stack, config, preview, parallel }, (diagnostic) =>
    report.diagnostic(diagnostic),
  );
  await monitor.listen();
  const onOutput = (message: string) =>
    report.diagnostic({ urn: "", severity: "info", message: message.trimEnd(), ephemeral: false });
  const engineAddress = monitor.address;
  const startProvider = (ofPackage: string) => {
    const plain = withoutSecretMarks(packageConfig(config, ofPackage)) as Record<string, string>;
    const run = { package: ofPackage, config: plain, project, env, engineAddress, onOutput };
    return new ProviderHost(hosts.startProvider(run), { engineAddress });
  };
  const providers = new Providers(startProvider, () => snapshot.base);
  const session: Session = { ...options, report, snapshot, providers, monitor };
  const cancel = () => providers.cancel();
  signal.addEventListener("abort", cancel);
  try {
    await runParts(kind, session, options.refresh);
  } catch (error) {
    report.ok = false;
    if (!(error instanceof Bail)) report.error("", messageOf(error));
  } finally {
    signal.removeEventListener("abort", cancel);
    monitor.refuseRequests();
    await providers.close();
    snapshot.close();
    monitor.close();
  }
  if (signal.aborted) report.endedWith("canceled", { preview });
  const { ok, steps, changes, diagnostics, errors } = report;
  const durationMs = performance.now() - started;
  const outputs = stackOutputs(snapshot) ?? {};
  const begun = report.begunSteps;
  return { ok, steps, begun, changes, diagnostics, errors, outputs, oldOutputs, durationMs };
}

async function runParts(kind: OperationKind, session: Session, refreshFirst: boolean): Promise<void> {
  if (kind === "refresh" || refreshFirst) await refresh(session, { counts: kind === "refresh" });
  if (session.signal.aborted) return;
  if (kind === "update") await new Update(session).run();
  if (kind === "destroy") await destroy(session);
}

async function destroy(session: Session): Promise<void> {
  const { snapshot, report } = session;
  const generator = new StepGenerator(session);
  const executor = stepExecutor(session, generator);
  await deleteInLayers(generator.deletions(), snapshot.base, executor);
  if (executor.hasFailed) report.endedWith("failed", session);
}

function stackOutputs(snapshot: Snapshot) {
  return snapshot.resources().find((resource) => isStack(resource.urn))?.outputs;
}

function warnOfInterruptedCreations({ interrupted }: Snapshot, report: Report): void {
  for (const { resource } of interrupted) {
    const message =
      "an earlier operation was interrupted while it created this; it may exist without being in the state";
    report.diagnostic({ urn: resource.urn, severity: "warning", message, ephemeral: false });
  }
}
