// Brings the sizes in the stacks' configuration to their VMs, in waves: `node rollout.mts --at-once 5 --share 20 host-a host-b`.
// What is done is in the stacks' states: the same command continues after a stop.
import { parseArgs } from "node:util";
import { messageOf } from "./errors.mts";
import { openStacks, reviewStack, updateVms } from "./stacks.mts";
import { wavesOf } from "./waves.mts";

/** The exit codes. */
const DONE = 0;
const STOPPED = 1;
const NOT_STARTED = 2;
const INTERRUPTED = 130;

const ended = new AbortController();
let isUpdating = false;
let isInterrupted = false;
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    // In a terminal, Pulumi gets the same Ctrl-C. The second one is passed on to it, wherever it comes from.
    if (isInterrupted || !isUpdating) ended.abort();
    else console.log("interrupted: waiting for the updates that are running");
    isInterrupted = true;
  });

try {
  process.exitCode = await rollOut();
} catch (error) {
  console.error(`rollout: ${messageOf(error)}`);
  process.exitCode = isInterrupted ? INTERRUPTED : NOT_STARTED;
}

async function rollOut(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "at-once": { type: "string", default: "1" },
      share: { type: "string", default: "100" },
      "fail-on": { type: "string", default: "replace,restart,nextBoot,unknown" },
      "stacks-at-once": { type: "string", default: "4" },
    },
  });
  const atOnce = wholeNumber("--at-once", values["at-once"], 10_000);
  const share = wholeNumber("--share", values.share, 100);
  const stacksAtOnce = wholeNumber("--stacks-at-once", values["stacks-at-once"], 100);
  const stacks = await openStacks(positionals);

  // 1. The review: nothing is changed unless all stacks pass it.
  const reviews = await someAtOnce(stacksAtOnce, stacks, async (stack) =>
    isInterrupted
      ? { stack, passed: false, vms: [], unchanged: 0 }
      : reviewStack(stack, values["fail-on"], ended.signal),
  );
  if (isInterrupted) {
    console.log("interrupted: nothing was changed");
    return INTERRUPTED;
  }
  const { fleet, changed, now, waves } = wavesOf(reviews, share, atOnce);
  console.log(
    `${count(fleet, "VM")} in ${count(stacks.length, "stack")}: ${changed} change, ${now} of them now, ${atOnce} at once`,
  );
  if (reviews.some(({ passed }) => !passed)) {
    console.log("stopped by the review: nothing was changed");
    return STOPPED;
  }

  // 2. The waves.
  isUpdating = true;
  const total = { done: 0, failed: 0 };
  let isStopped = false;
  for (const wave of waves) {
    const results = await someAtOnce(stacksAtOnce, wave, async ({ stack, vms }) =>
      isInterrupted ? { succeeded: false, done: 0, failed: 0 } : updateVms(stack, vms, ended.signal),
    );
    for (const { done, failed } of results) {
      total.done += done;
      total.failed += failed;
    }
    isStopped = results.some(({ succeeded }) => !succeeded) || isInterrupted;
    if (isStopped) break;
  }

  // 3. The summary.
  const left = changed - total.done - total.failed;
  console.log(
    `${total.done} done, ${total.failed} failed, ${left} left${isStopped ? "; run the same command again to continue" : ""}`,
  );
  if (isInterrupted) return INTERRUPTED;
  return isStopped ? STOPPED : DONE;
}

/** Each stack that is previewed or updated takes up to 1 GB: the CLI, the program and the provider. */
async function someAtOnce<T, R>(most: number, list: T[], run: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < list.length; start += most)
    results.push(...(await Promise.all(list.slice(start, start + most).map(run))));
  return results;
}

function wholeNumber(option: string, value: string, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= most) return number;
  throw new Error(`${option} "${value}" is not a whole number from 1 to ${most}`);
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}
