import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

/** The engine to use on this machine, and why it is that one. */
export type FoundEngine = { kind: "pulumi"; command: PulumiCommand } | { kind: "small"; why: string };

const INSTALL_ROOT = join(import.meta.dirname, "../../.cache/pulumi");
const INSTALL_FAILED = join(INSTALL_ROOT, "install-failed");
const INSTALL_LIMIT_MS = 15_000;

/**
 * Pulumi's CLI where it is on PATH, or was installed by us before; with PULUMI_INSTALL=1 it is installed into the
 * repo's cache, in the version of the SDK. Otherwise, or if that failed once, the tests' small engine.
 */
export async function engineOnThisMachine(): Promise<FoundEngine> {
  const isInstalled = existsSync(join(INSTALL_ROOT, "bin/pulumi"));
  if (!isInstalled && !isOnPath() && process.env.PULUMI_INSTALL !== "1") {
    return { kind: "small", why: "pulumi is not on PATH" };
  }
  // Loading the Automation API takes half a second.
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  try {
    if (isOnPath()) return { kind: "pulumi", command: await PulumiCommand.get() };
    if (!isInstalled) await install();
    return { kind: "pulumi", command: await PulumiCommand.get({ root: INSTALL_ROOT }) };
  } catch (error) {
    return {
      kind: "small",
      why: `no usable pulumi: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function isOnPath(): boolean {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.some((folder) => folder !== "" && existsSync(join(folder, "pulumi")));
}

/** In a process group of its own, so that the installer's downloads end with it. */
async function install(): Promise<void> {
  if (existsSync(INSTALL_FAILED)) {
    throw new Error(
      `${readFileSync(INSTALL_FAILED, "utf8")} (remembered; delete ${INSTALL_FAILED} to try again)`,
    );
  }
  mkdirSync(INSTALL_ROOT, { recursive: true });
  const script = `require("@pulumi/pulumi/automation").PulumiCommand.install({ root: process.argv[1] })
    .catch((error) => { console.error(error.message); process.exit(1); });`;
  const installer = spawn(process.execPath, ["-e", script, INSTALL_ROOT], {
    cwd: import.meta.dirname,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  installer.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (installer.pid !== undefined) process.kill(-installer.pid, "SIGKILL");
  }, INSTALL_LIMIT_MS);
  const code = await new Promise((resolve) => installer.once("close", resolve));
  clearTimeout(timer);
  if (code === 0) return;
  const reason = isLate ? `pulumi's installer took more than ${INSTALL_LIMIT_MS / 1000} s` : said.trim();
  writeFileSync(INSTALL_FAILED, reason);
  throw new Error(reason);
}
