import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { program, ref, type Spec, thing } from "./recordings/spec.ts";
import { readDeployment } from "./stack/snapshot.ts";
import { nameOf } from "./stack/urn.ts";

type Engine = ChildProcessByStdio<null, Readable, Readable>;

let dir: string;
let engine: Engine;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ended-early-"));
});
afterEach(() => {
  engine.kill("SIGKILL");
  rmSync(dir, { recursive: true });
});

/** `up` in a process of its own. */
function startUp(spec: Spec, fixture = "program"): { output: () => string } {
  writeFileSync(join(dir, "spec.json"), JSON.stringify(spec));
  writeFileSync(join(dir, "behaviour.json"), "{}");
  const cli = join(import.meta.dirname, "cli.ts");
  const projectDir = join(import.meta.dirname, "recordings/fixtures", fixture);
  const env = {
    ...process.env,
    CALL_LOG: join(dir, "calls"),
    SPEC_FILE: join(dir, "spec.json"),
    BEHAVIOUR_FILE: join(dir, "behaviour.json"),
  };
  const args = [cli, "up", "--dir", projectDir, "--backend", dir, "--engine", "small"];
  engine = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  engine.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  return { output: () => output };
}

async function callOf(method: string): Promise<void> {
  const calls = join(dir, "calls");
  const isThere = () => existsSync(calls) && readFileSync(calls, "utf8").includes(`{"m":"${method}"`);
  await vi.waitFor(() => expect(isThere()).toBe(true), { timeout: 60_000 });
}

/** Of running processes: their parents by process id. */
function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // After the command, which stands in brackets and may contain anything: state and parent.
      const [state, parent] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      if (state !== "Z") found.set(Number(name), Number(parent));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function descendantsOf(pid: number | undefined): number[] {
  const all = [...parents()];
  const generations = [[pid]];
  for (let last = generations[0]; last && last.length > 0; last = generations.at(-1)) {
    const generation = last;
    generations.push(all.filter(([, parent]) => generation.includes(parent)).map(([child]) => child));
  }
  return generations
    .slice(1)
    .flat()
    .filter((found) => found !== undefined);
}

test("a killed engine leaves no host behind", async () => {
  startUp(program([thing("a", { value: "1", delay: 600_000 })]));
  await callOf("create");
  const hosts = descendantsOf(engine.pid);
  const entries = hosts.map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  expect(entries).toContainEqual(expect.stringContaining("cmd/run"));
  expect(entries).toContainEqual(expect.stringContaining("cmd/dynamic-provider"));
  engine.kill("SIGKILL");
  await vi.waitFor(() => expect(hosts.filter((pid) => parents().has(pid))).toEqual([]), { timeout: 30_000 });
});

describe("an interrupt", () => {
  test("lets the call in flight end, saves what it did, and begins nothing else", async () => {
    const { output } = startUp(
      program([thing("a", { value: "1", delay: 1500 }), thing("b", { value: ref("a.out") })]),
    );
    await callOf("create");
    engine.kill("SIGINT");
    const [code] = await once(engine, "close");
    expect(code).toBe(1);
    expect(output()).toContain("error: update canceled");
    const { resources = [], pending_operations } = readDeployment(join(dir, "dev.json")).deployment;
    expect(resources.map(({ urn }) => nameOf(urn))).toEqual(["proj-dev", "default", "a"]);
    expect(pending_operations).toBeUndefined();
    expect(readFileSync(join(dir, "calls"), "utf8")).toContain('{"m":"created","n":"a"}');
  });

  test("asks a plugin to end its call early, and saves what that did", async () => {
    const { output } = startUp(program([thing("a", { value: "1", delay: 600_000 })]), "plugin");
    await callOf("create");
    const plugins = descendantsOf(engine.pid);
    engine.kill("SIGINT");
    const [code] = await once(engine, "close");
    expect(code).toBe(1);
    expect(output()).toContain("error: update canceled");
    const { resources = [] } = readDeployment(join(dir, "dev.json")).deployment;
    expect(resources.find(({ urn }) => nameOf(urn) === "a")).toMatchObject({ id: "a-0" });
    expect(plugins.filter((pid) => parents().has(pid))).toEqual([]);
  });

  test("that is repeated ends the engine at once; the next run says what was interrupted", async () => {
    startUp(program([thing("a", { value: "1", delay: 600_000 })]));
    await callOf("create");
    const hosts = descendantsOf(engine.pid);
    engine.kill("SIGINT");
    await once(engine.stderr, "data");
    engine.kill("SIGINT");
    const [code] = await once(engine, "close");
    expect(code).toBe(130);
    await vi.waitFor(() => expect(hosts.filter((pid) => parents().has(pid))).toEqual([]), {
      timeout: 30_000,
    });
    const { pending_operations = [] } = readDeployment(join(dir, "dev.json")).deployment;
    expect(pending_operations.map(({ type, resource }) => [type, nameOf(resource.urn)])).toEqual([
      ["creating", "a"],
    ]);

    const next = startUp(program([]));
    await once(engine, "close");
    expect(next.output()).toMatch(
      /\(a\):\n {4}warning: an earlier operation was interrupted while it created this/,
    );
  });
});
