import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { engineOnThisMachine, openStack } from "./driver.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "engine-"));
  vi.stubEnv("PATH", dir);
  vi.stubEnv("PULUMI_INSTALL", "");
  vi.stubEnv("PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

function putOnPath(version: string): void {
  writeFileSync(join(dir, "pulumi"), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
}

describe("the engine on this machine", () => {
  test("is the small one where there is no CLI", async () => {
    const found = await engineOnThisMachine({ installRoot: dir });
    expect(found).toEqual({ kind: "small", why: "pulumi is not on PATH" });
  });

  test("is the CLI on PATH", async () => {
    putOnPath("v3.260.0");
    const found = await engineOnThisMachine({ installRoot: dir });
    expect(found.kind === "pulumi" && String(found.command.version)).toBe("3.260.0");
  });

  test("is not a CLI that is too old for the SDK", async () => {
    putOnPath("v2.0.0");
    const found = await engineOnThisMachine({ installRoot: dir });
    expect(found).toEqual({ kind: "small", why: expect.stringContaining("no usable pulumi") });
  });

  test("is the small one where the installer takes too long; that is remembered", async () => {
    vi.stubEnv("PULUMI_INSTALL", "1");
    const late = { kind: "small", why: "no usable pulumi: pulumi's installer took more than 1 ms" };
    expect(await engineOnThisMachine({ installRoot: dir, installLimitMs: 1 })).toEqual(late);
    const again = await engineOnThisMachine({ installRoot: dir });
    expect(again).toEqual({
      kind: "small",
      why: expect.stringContaining("took more than 1 ms (remembered; delete"),
    });
  });
});

const isInstalledHere = existsSync(join(import.meta.dirname, "../../.cache/pulumi/bin/pulumi"));
describe.skipIf(isInstalledHere)("a stack on a machine without the CLI", () => {
  const stack = () => ({
    projectDir: join(import.meta.dirname, "recordings/fixtures/program"),
    stack: "dev",
    backendDir: dir,
  });

  test("is driven by the small engine, which says why on its first line", async () => {
    const { engine, destroy } = await openStack(stack());
    expect(engine).toBe("small engine");
    expect((await destroy()).stdout).toMatch(/^engine: the tests' small engine \(pulumi is not on PATH\)\n/);
  });

  test("can't be driven by the CLI", async () => {
    const opening = openStack({ ...stack(), engine: "pulumi" });
    await expect(opening).rejects.toThrow("there is no Pulumi CLI to run: pulumi is not on PATH");
  });
});
