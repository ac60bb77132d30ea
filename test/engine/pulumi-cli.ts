import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { text } from "node:stream/consumers";
import {
  type EngineEvent,
  LocalWorkspace,
  type OutputMap,
  type PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import type { Deployment, OpenStackOptions, RunOptions, RunResult, StackDriver } from "./driver.ts";
import { errorsIn } from "./report.ts";
import { isDefaultProvider } from "./stack/urn.ts";

/** Of the secrets in stacks that tests and the demo make. */
export const PASSPHRASE = "only for tests";

type Operation = "preview" | "up" | "refresh" | "destroy";

/**
 * A stack driven by Pulumi's CLI through its Automation API, with a backend in a folder. The CLI keeps the stack's
 * configuration in the project's own folder, as `Pulumi.<stack>.yaml`.
 */
export async function openPulumiCliStack(
  options: OpenStackOptions,
  command: PulumiCommand,
): Promise<StackDriver> {
  const { stack: stackName } = options;
  const projectDir = resolve(options.projectDir);
  const backendDir = resolve(options.backendDir);
  mkdirSync(backendDir, { recursive: true });
  const ownVars = {
    // The CLI runs the program with the `node` that it finds first.
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    PULUMI_BACKEND_URL: `file://${backendDir}`,
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const envVars = { ...options.env, ...ownVars };
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName, workDir: projectDir },
    { envVars, pulumiCommand: command },
  );
  const config = Object.entries(options.config ?? {}).map(([key, value]) => [key, { value }] as const);
  if (config.length > 0) await stack.setAllConfig(Object.fromEntries(config));

  const run = async (operation: Operation, o: RunOptions = {}): Promise<RunResult> => {
    const collected = new Collected();
    let stdout = "";
    const onOutput = (text: string) => {
      stdout += text;
      o.onOutput?.(text);
    };
    const { terminal: _, json: wantsJson, onOutput: __, ...given } = o;
    const common = {
      ...given,
      onOutput,
      // With --diff, messages go to the other stream.
      onError: onOutput,
      onEvent: (event: EngineEvent) => collected.take(event),
      color: "never",
    } as const;
    onOutput(`engine: ${engineOf(command)}\n`);
    const { outputs, failure } = await runOperation(stack, operation, common).then(
      (outputs) => ({ outputs: Object.entries(outputs), failure: undefined }),
      (error: Error) => ({ outputs: [], failure: error.message }),
    );
    const { steps, diagnostics, changes } = collected;
    const errors = errorsIn(diagnostics);
    return {
      ok: failure === undefined,
      stdout,
      ...{ steps, diagnostics, changes },
      outputs: Object.fromEntries(outputs.map(([key, output]) => [key, output.value])),
      // The failure repeats all output; the engine's own messages are clearer.
      errors: failure === undefined || errors.length > 0 ? errors : [failure],
      ...(operation === "preview" && wantsJson ? { json: await previewJson() } : {}),
    };
  };

  /**
   * The Automation API has no JSON preview. This one is without the caller's additions to the environment, so that what
   * they record is of one preview.
   */
  const previewJson = async (): Promise<unknown> => {
    const args = ["preview", "--json", "--non-interactive", "--stack", stackName];
    const preview = spawn(command.command, args, {
      cwd: projectDir,
      env: { ...process.env, ...ownVars },
      stdio: ["ignore", "pipe", "ignore"],
    });
    // A preview that fails prints its JSON too.
    return JSON.parse(await text(preview.stdout));
  };

  return {
    engine: engineOf(command),
    preview: (o) => run("preview", o),
    up: (o) => run("up", o),
    refresh: (o) => run("refresh", o),
    destroy: (o) => run("destroy", o),
    exportState: async (): Promise<Deployment> => stack.exportStack(),
    setConfig: (key, value, o) => stack.setConfig(key, { value, secret: o?.secret ?? false }),
  };
}

function engineOf(command: PulumiCommand): string {
  return `pulumi v${command.version}`;
}

type CommonOptions = RunOptions & { color: "never"; onEvent: (event: EngineEvent) => void };

/** Answers the stack's outputs after an `up`, for which the Automation API asks the CLI anyway. */
async function runOperation(stack: Stack, operation: Operation, o: CommonOptions): Promise<OutputMap> {
  if (operation === "up") return (await stack.up(o)).outputs;
  if (operation === "preview") await stack.preview(o);
  else if (operation === "refresh") await stack.refresh(o);
  else await stack.destroy(o);
  return {};
}

/** What the engine's events report of an operation. */
class Collected {
  readonly steps: RunResult["steps"] = [];
  readonly diagnostics: RunResult["diagnostics"] = [];
  changes: Record<string, number> = {};

  take({ resOutputsEvent, diagnosticEvent, summaryEvent }: EngineEvent): void {
    if (resOutputsEvent && !isDefaultProvider(resOutputsEvent.metadata.urn)) {
      const { op, urn, keys = [] } = resOutputsEvent.metadata;
      // A preview reports the end of a component's step, and then its outputs.
      const isKnown = this.steps.some((step) => step.op === op && step.urn === urn);
      if (!isKnown) this.steps.push({ op, urn, replaceReasons: keys });
    }
    if (diagnosticEvent) {
      const { urn = "", severity, message, ephemeral = false } = diagnosticEvent;
      this.diagnostics.push({
        urn,
        severity: severity === "info#err" ? "info" : severity,
        // Every message ends its line.
        message: message.replace(/\n$/, ""),
        ephemeral,
      });
    }
    if (summaryEvent) this.changes = { ...summaryEvent.resourceChanges };
  }
}
