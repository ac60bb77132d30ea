import { engineOnThisMachine } from "./find-engine.ts";
import type { Hosts } from "./hosts/hosts.ts";
import { openSmallEngineStack } from "./small-engine.ts";
import type { Deployment } from "./stack/snapshot.ts";

export { type Deployment, engineOnThisMachine };

export interface RunOptions {
  /** Fails if there is anything to do but `same`; it is done all the same. */
  expectNoChanges?: boolean;
  /** Refreshes first. */
  refresh?: boolean;
  /** Of refresh and destroy: shows what would be done and does nothing. */
  previewOnly?: boolean;
  /** Shows what changes of each property. */
  diff?: boolean;
  continueOnError?: boolean;
  /** Of an up and a preview: the URNs of resources to replace, as `--replace` has them. */
  replace?: string[];
  /** How many steps may run at a time; default: four for each processor. */
  parallel?: number;
  /** Gets what a person would see, as it appears. */
  onOutput?: (text: string) => void;
  /** When aborted, calls in flight are let end, and no others begun. */
  signal?: AbortSignal;
  /** Where `onOutput` writes to a terminal: rows are rewritten in place, in colour (small engine only). */
  terminal?: { columns: number };
  /** Of a preview: also gives {@link RunResult.json}. */
  json?: boolean;
}

export interface StepResult {
  op: string;
  urn: string;
  replaceReasons?: string[];
}

export interface DiagnosticResult {
  /** Empty where it concerns no resource. */
  urn: string;
  severity: string;
  message: string;
  ephemeral?: boolean;
}

export interface RunResult {
  ok: boolean;
  /** All that a person saw. */
  stdout: string;
  /** How many resources had which outcome: same, create, update, replace, delete. */
  changes: Record<string, number>;
  steps: StepResult[];
  diagnostics: DiagnosticResult[];
  /** The stack's outputs after an `up`, secrets in clear. */
  outputs: Record<string, unknown>;
  errors: string[];
  /** Of a preview that was asked for it: what `pulumi preview --json` prints. */
  json?: unknown;
}

/** One stack of one program, driven by Pulumi's CLI or by the tests' small engine. */
export interface StackDriver {
  /** For example "small engine" or "pulumi v3.260.0". */
  readonly engine: string;
  preview(options?: RunOptions): Promise<RunResult>;
  up(options?: RunOptions): Promise<RunResult>;
  refresh(options?: RunOptions): Promise<RunResult>;
  destroy(options?: RunOptions): Promise<RunResult>;
  /** As `pulumi stack export --show-secrets` prints it. */
  exportState(): Promise<Deployment>;
  setConfig(key: string, value: string, options?: { secret?: boolean }): Promise<void>;
}

export interface OpenStackOptions {
  /** Where Pulumi.yaml is. */
  projectDir: string;
  stack: string;
  /** Where the stack is kept; made if it isn't there. */
  backendDir: string;
  /** By key; without a namespace the project's. Added to what Pulumi.<stack>.yaml has. */
  config?: Record<string, string>;
  /** Added to this process's environment for program and provider. */
  env?: Record<string, string>;
  /** Default: as {@link engineOnThisMachine} says. */
  engine?: "small" | "pulumi";
  /** Of the small engine: where program and provider run. Default: in @pulumi/pulumi's own hosts. */
  hosts?: Hosts;
}

export async function openStack(options: OpenStackOptions): Promise<StackDriver> {
  const found = options.engine === "small" ? undefined : await engineOnThisMachine();
  if (found?.kind === "pulumi") {
    const { openPulumiCliStack } = await import("./pulumi-cli.ts");
    return openPulumiCliStack(options, found.command);
  }
  if (options.engine === "pulumi") throw new Error(`there is no Pulumi CLI to run: ${found?.why}`);
  return openSmallEngineStack(options, found?.why);
}
