import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  ensurePackages,
  FURTHER_PACKAGES,
  installCommand,
  LAB_PACKAGES,
  LabUnavailable,
  missingPackages,
} from "./packages.ts";

describe("the lab's packages", () => {
  /** A folder that is all of PATH, so that nothing on the real system is asked or changed. */
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "lab-packages-"));
    vi.stubEnv("PATH", path);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      rmSync(path, { recursive: true });
    });
  });

  const program = (name: string, body: string) => {
    writeFileSync(join(path, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(path, name), 0o755);
  };
  const installed = (...names: string[]) =>
    program("dpkg-query", names.map((name) => `echo '${name} installed'`).join("\n"));
  const allBut = (name: string) => LAB_PACKAGES.filter((known) => known !== name);
  const user = (uid: number) => vi.spyOn(process, "getuid").mockReturnValue(uid);
  /** Programs that write down how they were called. */
  const recorded = (...names: string[]) => {
    for (const name of names) program(name, `echo "${name} $*" >>${join(path, "calls")}`);
    return () => readFileSync(join(path, "calls"), "utf8").trim().split("\n");
  };

  test("none is missing where all are installed", async () => {
    installed(...LAB_PACKAGES, "something-else");
    expect(await missingPackages()).toEqual([]);
    await ensurePackages();
  });

  test("guests of another architecture need more, which nothing else asks for", async () => {
    installed(...LAB_PACKAGES);
    expect(await missingPackages()).toEqual([]);
    expect(await missingPackages("aarch64")).toEqual(FURTHER_PACKAGES.aarch64);
    installed(...LAB_PACKAGES, ...FURTHER_PACKAGES.aarch64);
    expect(await missingPackages("aarch64")).toEqual([]);
    await ensurePackages("aarch64");
  });

  test("a package that was removed but left its settings is missing", async () => {
    program("dpkg-query", LAB_PACKAGES.map((name) => `echo '${name} config-files'`).join("\n"));
    expect(await missingPackages()).toEqual(LAB_PACKAGES);
  });

  test("root installs what is missing, that alone, and without its recommendations", async () => {
    installed(...allBut("qemu-utils"));
    user(0);
    const calls = recorded("env");
    await ensurePackages();
    const [update, install, ...rest] = calls();
    expect(update).toBe("env DEBIAN_FRONTEND=noninteractive apt-get update");
    expect(install).toMatch(
      /^env DEBIAN_FRONTEND=noninteractive apt-get install .*--no-install-recommends .*qemu-utils$/,
    );
    expect(install).not.toContain("libvirt");
    expect(rest).toEqual([]);
  });

  test("an ordinary user installs by a sudo that asks for no password", async () => {
    installed(...allBut("qemu-utils"));
    user(1000);
    const calls = recorded("sudo");
    await ensurePackages();
    expect(calls()[1]).toBe("sudo --non-interactive env DEBIAN_FRONTEND=noninteractive apt-get update");
    expect(calls()).toHaveLength(3);
  });

  test.for([
    ["sudo wants a password", "exit 1"],
    ["there is no sudo", undefined],
  ])("where %s, the error holds the one command", async ([, sudo]) => {
    installed(...allBut("qemu-utils"));
    user(1000);
    if (sudo !== undefined) program("sudo", sudo);
    const failure = await ensurePackages().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LabUnavailable);
    expect(String(failure)).toContain(
      "sudo apt-get update && sudo apt-get install --no-install-recommends qemu-utils",
    );
  });

  test("an installation that fails says why, and holds the command", async () => {
    installed(...allBut("qemu-utils"));
    user(0);
    program("env", "echo 'E: no network' >&2; exit 100");
    await expect(ensurePackages()).rejects.toThrow(/install --no-install-recommends qemu-utils.*no network/s);
  });

  test("a system without dpkg is told what would do", async () => {
    await expect(ensurePackages()).rejects.toThrow(LabUnavailable);
    await expect(ensurePackages()).rejects.toThrow(installCommand(LAB_PACKAGES));
  });
});
