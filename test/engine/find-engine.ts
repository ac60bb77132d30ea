import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { messageOf } from "../../provider/message-of.ts";

/** The engine to use on this machine, and why it is that one. */
export type FoundEngine = { kind: "pulumi"; command: PulumiCommand } | { kind: "small"; why: string };

export interface FindOptions {
  /** Where the CLI is installed; default: in the repo's cache. */
  installRoot?: string;
  installLimitMs?: number;
}

/**
 * Pulumi's CLI where it is on PATH, or was installed by us before; with PULUMI_INSTALL=1 it is installed, in the
 * version of the SDK, within 15 seconds. Otherwise, or if that failed once, the tests' small engine.
 */
export async function engineOnThisMachine(options: FindOptions = {}): Promise<FoundEngine> {
  const { installRoot = join(import.meta.dirname, "../../.cache/pulumi"), installLimitMs = 15_000 } = options;
  const isInstalled = existsSync(join(installRoot, "bin/pulumi"));
  if (!isInstalled && !isOnPath() && process.env.PULUMI_INSTALL !== "1") {
    return { kind: "small", why: "pulumi is not on PATH" };
  }
  // Loading the Automation API takes half a second.
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  try {
    if (isOnPath()) return { kind: "pulumi", command: await PulumiCommand.get() };
    if (!isInstalled) await install(installRoot, installLimitMs);
    return { kind: "pulumi", command: await PulumiCommand.get({ root: installRoot }) };
  } catch (error) {
    return {
      kind: "small",
      why: `no usable pulumi: ${messageOf(error)}`,
    };
  }
}

function isOnPath(): boolean {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.some((folder) => folder !== "" && existsSync(join(folder, "pulumi")));
}

/** A failure is remembered in the folder, so that only the first run waits for it. */
async function install(root: string, limitMs: number): Promise<void> {
  const memory = join(root, "install-failed");
  if (existsSync(memory)) {
    throw new Error(`${readFileSync(memory, "utf8")} (remembered; delete ${memory} to try again)`);
  }
  mkdirSync(root, { recursive: true });
  const script = `require("@pulumi/pulumi/automation").PulumiCommand.install({ root: process.argv[1] })
    .catch((error) => { console.error(error.message); process.exit(1); });`;
  // In a process group of its own, so that the installer's downloads can be ended with it.
  const installer = spawn(process.execPath, ["-e", script, root], {
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
  }, limitMs);
  const code = await new Promise((resolve) => installer.once("close", resolve));
  clearTimeout(timer);
  if (code === 0) return;
  const reason = isLate ? `pulumi's installer took more than ${limitMs} ms` : said.trim();
  writeFileSync(memory, reason);
  throw new Error(reason);
}
