import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { Display } from "./display/display.ts";
import { previewJson } from "./display/json.ts";
import type { OpenStackOptions, RunOptions, RunResult, StackDriver } from "./driver.ts";
import { PULUMI_HOSTS } from "./hosts/processes.ts";
import { type OperationKind, runOperation } from "./operation.ts";
import { configKey, readProject, readStackConfig } from "./stack/project.ts";
import { readDeployment } from "./stack/snapshot.ts";
import { stackUrn } from "./stack/urn.ts";
import { withoutSecretMarks } from "./stack/values.ts";

/** The state is `<backendDir>/<stack>.json`. `why`: the reason for this engine, to be shown. */
export function openSmallEngineStack(options: OpenStackOptions, why?: string): StackDriver {
  const { stack, env, hosts = PULUMI_HOSTS } = options;
  const project = readProject(resolve(options.projectDir));
  const config = readStackConfig(project, stack);
  const stateFile = join(resolve(options.backendDir), `${stack}.json`);
  const setConfig = (key: string, value: string, secret: boolean) => {
    const full = configKey(project, key);
    config.values[full] = value;
    config.secretKeys = config.secretKeys.filter((known) => known !== full).concat(secret ? [full] : []);
  };
  for (const [key, value] of Object.entries(options.config ?? {})) setConfig(key, value, false);

  const run = async (
    kind: OperationKind,
    { preview }: { preview: boolean },
    o: RunOptions = {},
  ): Promise<RunResult> => {
    const display = new Display({
      ...{ kind, preview, stack },
      stackUrn: stackUrn({ project: project.name, stack }),
      engine: `the tests' small engine${hosts.note}${why ? ` (${why})` : ""}`,
      diff: o.diff ?? false,
      terminal: o.terminal,
      write: o.onOutput ?? (() => {}),
    });
    const result = await runOperation(kind, {
      ...{ hosts, project, stack, stateFile, config, preview },
      env: { ...process.env, ...env },
      refresh: o.refresh ?? false,
      replace: o.replace ?? [],
      parallel: o.parallel ?? 4 * availableParallelism(),
      continueOnError: o.continueOnError ?? false,
      signal: o.signal ?? new AbortController().signal,
      onEvent: (event) => display.show(event),
    });
    const hasChanges = Object.entries(result.changes).some(([op, count]) => op !== "same" && count > 0);
    if (o.expectNoChanges && result.ok && hasChanges) {
      result.ok = false;
      const message = "no changes were expected but changes were proposed";
      result.errors.push(message);
      result.diagnostics.push({ urn: "", severity: "error", message, ephemeral: false });
    }
    display.close(result);
    return {
      ok: result.ok,
      stdout: display.text,
      changes: result.changes,
      steps: result.steps.map(({ op, urn, replaceReasons = [] }) => ({ op, urn, replaceReasons })),
      diagnostics: result.diagnostics,
      outputs: withoutSecretMarks(result.outputs),
      errors: result.errors,
      ...(preview && o.json ? { json: previewJson(result, config) } : {}),
    };
  };
  return {
    engine: "small engine",
    preview: (o) => run("update", { preview: true }, o),
    up: (o) => run("update", { preview: false }, o),
    refresh: (o) => run("refresh", { preview: o?.previewOnly ?? false }, o),
    destroy: (o) => run("destroy", { preview: o?.previewOnly ?? false }, o),
    exportState: async () => readDeployment(stateFile),
    setConfig: async (key, value, o) => setConfig(key, value, o?.secret ?? false),
  };
}
