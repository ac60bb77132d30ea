import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { mixedFleet, preview, updateStep, urnOf } from "../test/review/fleet.ts";
import { type Result, result } from "./result.ts";

const CLI = join(import.meta.dirname, "../dist/cli/index.mjs");

/** Prints the largest resident memory and the processor time of the process that it is loaded into. */
const METER = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write(JSON.stringify([maxRSS / 1024, (userCPUTime + systemCPUTime) / 1000])); });',
)}`;

interface Reading {
  elapsed: number;
  processor: number;
  memory: number;
}

/** A review of a preview of so many domains, all of which change, beside the start of the command. */
export async function reviewBench(domains: number, rounds: number): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), "review-bench-"));
  try {
    const file = join(folder, "preview.json");
    writeFileSync(file, previewOf(domains));
    const commands = new Map([
      [`review of ${domains} domains that change`, ["review", file]],
      ["review --help", ["review", "--help"]],
    ]);
    const readings = new Map([...commands.keys()].map((name): [string, Reading[]] => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const [name, args] of commands) readings.get(name)?.push(await measured(args));
    const samples = (of: keyof Reading) =>
      new Map([...readings].map(([name, all]): [string, number[]] => [name, all.map((one) => one[of])]));
    const beside = ["review --help"];
    return [
      result({ title: "11. a review: elapsed time", unit: "ms", beside }, samples("elapsed")),
      result({ title: "11. a review: processor time", unit: "ms", beside }, samples("processor")),
      result({ title: "11. a review: largest resident memory", unit: "MiB", beside }, samples("memory")),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function previewOf(domains: number): string {
  const mixed = mixedFleet();
  return preview(
    Array.from({ length: domains }, (_, index) => {
      const step = mixed[index % mixed.length] ?? updateStep();
      return { ...step, urn: urnOf(`vm-${index}`) };
    }),
  );
}

async function measured(args: string[]): Promise<Reading> {
  const start = performance.now();
  const child = spawn(process.execPath, ["--import", METER, CLI, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [memory = Number.NaN, processor = Number.NaN] = JSON.parse(await text(child.stderr)) as number[];
  return { elapsed: performance.now() - start, processor, memory };
}
