#!/usr/bin/env node
// Usage: node test/engine/cli.ts preview|up|refresh|destroy --dir <project> [--stack dev] --backend <folder>
//   [--diff] [--json] [--refresh] [--preview-only] [--expect-no-changes] [--continue-on-error] [--parallel N]
//   [--config key=value]… [--secret key=value]… [--engine small|pulumi]
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { openStack, type RunOptions } from "./driver.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: "string", default: "." },
    stack: { type: "string", default: "dev" },
    backend: { type: "string", default: ".pulumi-state" },
    config: { type: "string", multiple: true, default: [] },
    secret: { type: "string", multiple: true, default: [] },
    parallel: { type: "string" },
    engine: { type: "string" },
    diff: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    refresh: { type: "boolean", default: false },
    "preview-only": { type: "boolean", default: false },
    "expect-no-changes": { type: "boolean", default: false },
    "continue-on-error": { type: "boolean", default: false },
  },
});

const [command] = positionals;
if (command !== "preview" && command !== "up" && command !== "refresh" && command !== "destroy") {
  throw new Error(`wanted preview, up, refresh or destroy, got ${command ? `"${command}"` : "nothing"}`);
}
const { engine } = flags;
if (engine !== undefined && engine !== "small" && engine !== "pulumi") {
  throw new Error(`--engine is small or pulumi, not "${engine}"`);
}

const stack = await openStack({
  projectDir: flags.dir,
  stack: flags.stack,
  backendDir: resolve(flags.backend),
  config: Object.fromEntries(flags.config.map(pair)),
  ...(engine ? { engine } : {}),
});
for (const entry of flags.secret) await stack.setConfig(...pair(entry), { secret: true });

const interrupt = new AbortController();
process.on("SIGINT", () => {
  // The hosts notice that the engine is gone, and end too.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.abort();
  process.stderr.write("waiting for calls in flight; ^C again ends at once\n");
});

const options: RunOptions = {
  diff: flags.diff,
  json: flags.json,
  refresh: flags.refresh,
  previewOnly: flags["preview-only"],
  expectNoChanges: flags["expect-no-changes"],
  continueOnError: flags["continue-on-error"],
  signal: interrupt.signal,
};
if (flags.parallel) options.parallel = Number(flags.parallel);
if (process.stdout.isTTY && !flags.json) options.terminal = { columns: process.stdout.columns };
if (!flags.json) options.onOutput = (text) => process.stdout.write(text);

const { ok, json, ...result } = await stack[command](options);
if (flags.json)
  process.stdout.write(`${JSON.stringify(json ?? { ...result, stdout: undefined }, undefined, 2)}\n`);
process.exitCode = ok ? 0 : 1;

function pair(entry: string): [key: string, value: string] {
  const end = entry.indexOf("=");
  if (end < 1) throw new Error(`wanted key=value, got "${entry}"`);
  return [entry.slice(0, end), entry.slice(end + 1)];
}
