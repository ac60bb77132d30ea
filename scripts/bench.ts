// What the provider costs, beside what it stands on: `npm run bench`, or with options
// `npm run bench -- --domains 10 --rounds 5 --only 1,4 --json`. Ends with its lab, also on Ctrl-C.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { attachBench } from "../bench/attach.ts";
import { callsBench } from "../bench/calls.ts";
import { hostsBench } from "../bench/hosts.ts";
import { guestGrowBench, pluginGrowBench } from "../bench/plugin-grow.ts";
import { memoryBench } from "../bench/plugin-memory.ts";
import { pluginPreviewBench } from "../bench/plugin-preview.ts";
import { startBench } from "../bench/plugin-start.ts";
import { type Result, table } from "../bench/result.ts";
import { reviewBench } from "../bench/review.ts";
import { progress } from "../bench/rounds.ts";
import { stackBench } from "../bench/stack.ts";
import { updateBench } from "../bench/update.ts";
import { vcpusDisksBench } from "../bench/vcpus-disks.ts";
import { type Lab, startLab } from "../test/lab/lab.ts";
import { runCommand } from "./command.ts";

const { values: options } = parseArgs({
  options: {
    /** Domains in one stack. */
    domains: { type: "string", default: "50" },
    /** Of the single calls; whole stacks take a fifth of them. */
    rounds: { type: "string", default: "20" },
    /** Domains that don't change, and don't run. */
    unchanged: { type: "string", default: "300" },
    /** From 6 on the Pulumi CLI has to be on PATH, since the programs are YAML. */
    only: { type: "string", default: "1,2,3,4,5,10" },
    /** The results as JSON on the standard output, in place of the tables. */
    json: { type: "boolean", default: false },
  },
});
const [domains, unchanged, rounds] = [options.domains, options.unchanged, options.rounds].map(Number) as [
  number,
  number,
  number,
];
/** Domains that change in a preview. */
const REVIEWED = 1_000;
/** Domains that boot Linux. */
const GUESTS = 3;
// Every round takes a slot of a domain, and QEMU has 256.
if (!(domains >= 1 && unchanged >= 1 && rounds >= 1 && rounds <= 250)) {
  throw new Error("wanted --domains and --unchanged from 1, and --rounds from 1 to 250");
}

const perStack = Math.ceil(rounds / 5);
type Bench = () => Promise<Result | Result[]>;
const benches: Bench[] = [
  () => onLab((lab) => attachBench(lab, rounds)),
  () => onLab((lab) => callsBench(lab, rounds)),
  () => onLab((lab) => updateBench(lab, rounds)),
  () => onLab((lab) => stackBench(lab, domains, perStack)),
  () => startBench(rounds),
  () => onLab((lab) => pluginGrowBench(lab, domains, perStack)),
  () => onLab((lab) => guestGrowBench(lab, GUESTS, perStack)),
  () => onLab((lab) => pluginPreviewBench(lab, unchanged, perStack)),
  () => onLab((lab) => memoryBench(lab, unchanged, perStack)),
  () => onLab((lab) => vcpusDisksBench(lab, rounds)),
  () => reviewBench(REVIEWED, perStack),
  () => hostsBench(unchanged, perStack),
];

const built = await runCommand(process.execPath, ["scripts/build.ts"]);
process.stderr.write(built.output);
if (!built.ok) process.exit(1);
const versions = await onLab((lab) => lab.virsh("version", "--daemon"));
const machine = {
  cpus: cpus().length,
  cpu: cpus()[0]?.model ?? "unknown",
  node: process.version,
  libvirt: /daemon: (.*)/.exec(versions)?.[1],
  qemu: /hypervisor: QEMU (.*)/.exec(versions)?.[1],
};
if (!options.json) {
  const { cpus, cpu, node, libvirt, qemu } = machine;
  console.log(`${cpus} × ${cpu}, Node ${node}, libvirt ${libvirt}, QEMU ${qemu} without KVM`);
}
const results: Result[] = [];
for (const number of options.only.split(",")) {
  progress(`bench ${number}`);
  const found = await benches[Number(number) - 1]?.();
  if (found === undefined) throw new Error(`there is no bench ${number}`);
  for (const result of [found].flat()) {
    results.push(result);
    if (!options.json) console.log(`\n${table(result)}`);
  }
}
const json = JSON.stringify({ date: new Date().toISOString(), machine, options, results }, undefined, 2);
const file = join(import.meta.dirname, "../.cache/bench.json");
mkdirSync(join(file, ".."), { recursive: true });
writeFileSync(file, `${json}\n`);
if (options.json) console.log(json);
else console.log(`\nAll samples are in ${file}`);

/** Runs a bench on a libvirt of its own, so that it doesn't meet the domains and folders of another one. */
async function onLab<T>(bench: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await startLab();
  try {
    return await bench(lab);
  } finally {
    await lab.stop();
  }
}
