import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { endLabProcesses, labProcesses, registerProcess, startTime } from "./processes.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lab-processes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function sleeper(env?: NodeJS.ProcessEnv): { child: ChildProcess; pid: number } {
  const child = spawn("sleep", ["infinity"], { stdio: "ignore", ...(env && { env }) });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (child.pid === undefined) throw new Error("Unable to start sleep");
  return { child, pid: child.pid };
}

test("a process has a start time as long as it lives", async () => {
  const { child, pid } = sleeper();
  const started = startTime(pid);
  expect(started).toMatch(/^\d+$/);
  expect(startTime(pid)).toBe(started);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  expect(startTime(pid)).toBeUndefined();
});

test("what is registered or lives in the lab's folder ends with it, and nothing else", async () => {
  const folder = temporaryFolder();
  const registered = sleeper();
  const inside = sleeper({ HOME: join(folder, "home") });
  const beside = sleeper({ HOME: `${folder}-of-another`, NOTE: `HOME=${folder}` });
  const stranger = sleeper();
  registerProcess(folder, registered.pid);
  expect(labProcesses(folder).sort()).toEqual([registered.pid, inside.pid].sort());
  await endLabProcesses(folder);
  expect([registered, inside].map(({ pid }) => startTime(pid))).toEqual([undefined, undefined]);
  expect([beside, stranger].map(({ pid }) => typeof startTime(pid))).toEqual(["string", "string"]);
});

test("a registered pid that another process has now is left alone", async () => {
  const folder = temporaryFolder();
  const { pid } = sleeper();
  registerProcess(folder, pid);
  writeFileSync(join(folder, "pids", `${pid}.pid`), `${pid} ${Number(startTime(pid)) - 1}\n`);
  await endLabProcesses(folder);
  expect(startTime(pid)).toBeDefined();
});

test("a process that doesn't run can't be registered", () => {
  // Above the kernel's highest possible pid, 4194304.
  expect(() => registerProcess(temporaryFolder(), 5_000_000)).toThrow("5000000");
});
