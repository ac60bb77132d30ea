// Records what Pulumi's CLI shows: `node test/engine/display/record.ts` with a CLI on PATH. A terminal is made by
// util-linux' `script`.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  COLUMNS,
  comparableJson,
  jsonFile,
  PASSWORD,
  PROGRAM,
  recordingFile,
  scenarios,
  steady,
  VIEWS,
  type View,
} from "./scenarios.ts";
import { screen } from "./screen.ts";

const FLAGS = {
  preview: ["preview"],
  up: ["up", "--skip-preview", "--yes"],
  refresh: ["refresh", "--skip-preview", "--yes"],
  destroy: ["destroy", "--skip-preview", "--yes"],
};

for (const view of VIEWS) record(view);

function record(view: View): void {
  const dir = mkdtempSync(join(tmpdir(), "display-"));
  try {
    cpSync(PROGRAM, join(dir, "program"), { recursive: true });
    symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(dir, "program/node_modules"));
    mkdirSync(join(dir, "state"));
    const pulumi = (...args: string[]) => run(dir, args, view === "terminal");
    pulumi("stack", "init", "dev");
    pulumi("config", "set", "--secret", "password", PASSWORD);
    for (const { name, operation, config = {} } of scenarios) {
      for (const [key, value] of Object.entries(config)) pulumi("config", "set", key, value);
      const how = ["--parallel", "1", ...(view === "terminal" ? [] : ["--non-interactive"])];
      const output = pulumi(
        ...FLAGS[operation],
        ...how,
        "--color",
        "never",
        ...(view === "diff" ? ["--diff"] : []),
      );
      save(recordingFile(view, name), steady(view === "terminal" ? screen(output, COLUMNS) : output));
      if (view !== "plain" || operation !== "preview") continue;
      const json: unknown = JSON.parse(pulumi("preview", "--json", "--non-interactive"));
      save(jsonFile(name), `${JSON.stringify(comparableJson(json), undefined, 2)}\n`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function save(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What it writes, also where it fails. */
function run(dir: string, args: string[], onTerminal: boolean): string {
  const env = {
    ...process.env,
    PULUMI_HOME: join(dir, "home"),
    PULUMI_BACKEND_URL: `file://${dir}/state`,
    PULUMI_CONFIG_PASSPHRASE: "only for tests",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    TERM: "xterm",
  };
  const command = ["pulumi", ...args].map((word) => `'${word}'`).join(" ");
  const shell = onTerminal
    ? ["script", "-qec", `stty cols ${COLUMNS} rows 60; ${command}`, "/dev/null"]
    : ["sh", "-c", `${command} 2>&1`];
  const [file = "", ...rest] = shell;
  return spawnSync(file, rest, { cwd: join(dir, "program"), env, encoding: "utf8" }).stdout;
}
