import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { errorsOf, linesOf, type RunError } from "./errors.mts";
import { progressOf } from "./progress.mts";
import { inOrder, type Vm } from "./waves.mts";

const workDir = import.meta.dirname;

/** Of the JSON of `pulumi-libvirt-hotplug review`. */
interface Review {
  domains: { urn: string; resource: string; verdict: string; headline: string }[];
  unchanged: number;
  /** Steps of other resources, by operation. */
  others: Record<string, number>;
}

/** Opens each stack once. One that has a file of settings is created if it doesn't exist. */
export async function openStacks(names: string[]): Promise<Stack[]> {
  if (names.length === 0) throw new Error("name the stacks: node rollout.mts [options] <stack> …");
  const stacks = new Map<string, Stack>();
  for (const stackName of names) {
    // "my-org/rollout/host-a" and "host-a" have the same settings.
    const name = stackName.split("/").at(-1) ?? "";
    if (stacks.has(name)) continue;
    const args = { stackName, workDir };
    const hasSettings = existsSync(join(workDir, `Pulumi.${name}.yaml`));
    const opened = hasSettings ? LocalWorkspace.createOrSelectStack(args) : LocalWorkspace.selectStack(args);
    stacks.set(name, await opened);
  }
  return [...stacks.values()];
}

/** Previews a stack, and has the package's command review it. */
export async function reviewStack(stack: Stack, failOn: string, signal: AbortSignal) {
  const { name } = stack;
  const events: EngineEvent[] = [];
  const failure = await stack.preview({ onEvent: (event) => events.push(event), signal }).then(
    () => [],
    (error) => errorsOf(events, error),
  );
  const notReviewed = { stack, passed: false, vms: [], unchanged: 0 };
  if (signal.aborted) return notReviewed;
  if (events.length === 0) {
    print(name, failure);
    return notReviewed;
  }
  const command = ["pulumi-libvirt-hotplug", "review", "--format", "json", "--fail-on", failOn, "-"];
  const input = events.map((event) => JSON.stringify(event)).join("\n");
  const { code, output } = await run("npx", ["--no-install", ...command], input);
  if (signal.aborted) return notReviewed;
  if (output === "") {
    print(name, failure);
    throw new Error(`the preview of ${name} can't be reviewed`);
  }
  const review: Review = JSON.parse(output);
  // The change of a setting, or the end of an update that was killed, may have no plan in the preview.
  const domains = review.domains.map((one) => ({
    ...one,
    headline: one.headline || verdictText(one),
  }));
  // The reason of a refusal is the headline of its VM.
  const headlines = new Set(domains.map(({ headline }) => headline));
  print(
    name,
    failure.filter(({ text }) => !headlines.has(text)),
  );
  for (const { resource, headline: text } of domains) print(name, [{ resource, text }]);

  const kept = domains.filter(({ verdict }) => verdict !== "delete");
  const deleted = domains.length - kept.length;
  const others = Object.values(review.others).reduce((sum, number) => sum + number, 0);
  if (deleted + others > 0)
    console.log(`${name}  left to pulumi up: deleted VMs: ${deleted}, other resources: ${others}`);
  const vms = kept.map(({ urn, resource, headline }) => ({ urn, name: resource, headline }));
  const previewed = events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata.urn ?? []);
  const ordered = inOrder(vms, previewed, await dependenciesOf(stack));
  return { stack, passed: code === 0 && failure.length === 0, vms: ordered, unchanged: review.unchanged };
}

function verdictText({ verdict }: { verdict: string }): string {
  return verdict === "none" ? "no change of the running VM" : verdict;
}

/** Of each resource of a stack's state, what it depends on. */
async function dependenciesOf(stack: Stack): Promise<Map<string, string[]>> {
  const { deployment } = await stack.exportStack();
  const resources: { urn: string; dependencies?: string[] }[] = deployment?.resources ?? [];
  return new Map(resources.map(({ urn, dependencies = [] }) => [urn, dependencies]));
}

/** Updates some VMs of a stack. Each one that is done or has failed has a line. */
export async function updateVms(stack: Stack, vms: Vm[], signal: AbortSignal) {
  const { name } = stack;
  const began = performance.now();
  const events: EngineEvent[] = [];
  const progress = progressOf(vms, (vm, result) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${name}  ${vm.name}  ${result}  ${seconds} s  ${vm.headline}`);
  });
  const onEvent = (event: EngineEvent) => {
    events.push(event);
    progress.follow(event);
  };
  const target = vms.map(({ urn }) => urn);
  const succeeded = await stack.up({ target, continueOnError: true, onEvent, signal }).then(
    () => true,
    (error) => {
      print(name, errorsOf(events, error));
      return false;
    },
  );
  return { succeeded, done: progress.count("done"), failed: progress.count("FAILED") };
}

function print(stack: string, errors: readonly RunError[]): void {
  for (const error of errors) for (const line of linesOf(stack, error)) console.log(line);
}

function run(command: string, args: string[], input: string) {
  const child = spawn(command, args, { cwd: workDir, stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  // A command that ends before it has read everything says why.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
