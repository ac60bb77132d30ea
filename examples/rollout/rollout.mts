// Brings the sizes in the stacks' configuration to their VMs, in waves: `node rollout.mts --at-once 5 --share 20 host-a host-b`.
// What is done is in the stacks' states: the same command continues after a stop.
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import {
  type DiagnosticEvent,
  type EngineEvent,
  LocalWorkspace,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";

const { values, positionals: stackNames } = parseArgs({
  allowPositionals: true,
  options: {
    "at-once": { type: "string", default: "1" },
    share: { type: "string", default: "100" },
    "fail-on": { type: "string", default: "replace,restart,nextBoot,unknown" },
  },
});
const atOnce = wholeNumber("at-once", 1, 10_000);
const share = wholeNumber("share", 1, 100);
if (stackNames.length === 0) throw new Error("name the stacks: node rollout.mts [options] <stack> …");

/** A VM that a preview changes. */
interface Vm {
  stack: string;
  urn: string;
  name: string;
  headline: string;
}

const stacks = new Map<string, Stack>();
for (const stackName of stackNames)
  stacks.set(
    stackName,
    await LocalWorkspace.createOrSelectStack({ stackName, workDir: import.meta.dirname }),
  );

// 1. The review: nothing is changed unless all stacks pass it.
const reviews = await Promise.all([...stacks].map(reviewed));
const all = reviews.reduce((sum, { unchanged, vms }) => sum + unchanged + vms.length, 0);
const changed = inTurn(reviews.map(({ vms }) => vms));
const done = reviews.reduce((sum, { unchanged }) => sum + unchanged, 0);
// VMs that have their size already count: the share is of the fleet, not of what is left.
const planned = changed.slice(0, Math.max(0, Math.ceil((all * share) / 100) - done));
console.log(
  `${all} VMs in ${stacks.size} stacks: ${changed.length} change, ${planned.length} of them now, ${atOnce} at once`,
);
if (reviews.some(({ passed }) => !passed)) {
  console.log(
    `stopped by the review (a preview failed, or --fail-on ${values["fail-on"]}): nothing was changed`,
  );
  process.exit(1);
}

// 2. The waves.
let finished = 0;
let failed = 0;
for (let start = 0; start < planned.length && failed === 0; start += atOnce) {
  const wave = planned.slice(start, start + atOnce);
  const groups = Map.groupBy(wave, ({ stack }) => stack);
  const results = await Promise.all([...groups].map(([stack, vms]) => rolledOut(stack, vms)));
  finished += results.reduce((sum, succeeded) => sum + succeeded, 0);
  failed += wave.length - results.reduce((sum, succeeded) => sum + succeeded, 0);
}

// 3. The summary.
const left = changed.length - finished - failed;
console.log(
  `${finished} done, ${failed} failed, ${left} left${failed > 0 ? "; run the same command again to continue" : ""}`,
);
process.exitCode = failed > 0 ? 1 : 0;

/** Previews a stack, and has the package's command review it. */
async function reviewed([name, stack]: [string, Stack]) {
  const events: string[] = [];
  const errors: string[] = [];
  const onEvent = (event: EngineEvent) => {
    events.push(JSON.stringify(event));
    if (event.diagnosticEvent?.severity === "error") errors.push(event.diagnosticEvent.message.trim());
  };
  const failure = await stack.preview({ onEvent }).then(
    () => [],
    (error: Error) => (errors.length > 0 ? errors : [error.message]),
  );
  for (const text of failure) console.log(`${name}  ${text}`);
  if (events.length === 0) return { passed: false, vms: [], unchanged: 0 };
  const command = [
    "pulumi-libvirt-hotplug",
    "review",
    "--format",
    "json",
    "--fail-on",
    values["fail-on"],
    "-",
  ];
  const { code, output } = await run("npx", ["--no-install", ...command], events.join("\n"));
  if (code !== 0 && output === "") throw new Error(`the review of ${name} failed`);
  const { domains, unchanged } = JSON.parse(output);
  const vms = domains.map(({ urn, resource, headline }: Record<string, string>): Vm => {
    console.log(`${name}  ${resource}  ${headline}`);
    return { stack: name, urn: urn ?? "", name: resource ?? "", headline: headline ?? "" };
  });
  return { passed: code === 0 && failure.length === 0, vms: vms as Vm[], unchanged: unchanged as number };
}

/** Updates some VMs of a stack. Returns how many succeeded; each has a line. */
async function rolledOut(stackName: string, vms: Vm[]): Promise<number> {
  const began = performance.now();
  // A replacement has several steps.
  const results = new Map<string, "done" | "FAILED">();
  const errors: DiagnosticEvent[] = [];
  const line = (vm: Vm, result: string) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${stackName}  ${vm.name}  ${result}  ${seconds} s  ${vm.headline}`.trimEnd());
  };
  const onEvent = ({ resOutputsEvent, resOpFailedEvent, diagnosticEvent }: EngineEvent) => {
    const { urn, op } = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata ?? {};
    const vm = vms.find((one) => one.urn === urn);
    if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent);
    if (vm === undefined || (op === "refresh" && resOpFailedEvent === undefined)) return;
    const result = resOpFailedEvent === undefined ? "done" : "FAILED";
    if (results.get(vm.urn) === result || results.get(vm.urn) === "FAILED") return;
    results.set(vm.urn, result);
    line(vm, result);
  };
  try {
    await stacks.get(stackName)?.up({ target: vms.map(({ urn }) => urn), continueOnError: true, onEvent });
  } catch (error) {
    // The program's own error is only that a resource failed.
    const own = errors.filter((one) => vms.some(({ urn }) => urn === one.urn));
    const texts = (own.length > 0 ? own : errors).map(({ message }) => message.trim());
    for (const text of texts.length > 0 ? texts : [String(error)])
      console.log(`${stackName}  ${text.replace(/^1 error occurred:\s*\* /, "")}`);
  }
  return [...results.values()].filter((result) => result === "done").length;
}

/** The VMs of all stacks in turn, so that a wave is spread over the hosts. */
function inTurn(lists: Vm[][]): Vm[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}

function run(
  command: string,
  args: string[],
  input: string,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, { cwd: import.meta.dirname, stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

function wholeNumber(name: "at-once" | "share", least: number, most: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`--${name} "${values[name]}" must be a whole number from ${least} to ${most}`);
  return value;
}
