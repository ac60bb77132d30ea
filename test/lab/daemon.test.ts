import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startBareDomain } from "./bare-domain.ts";
import { privateDaemon } from "./daemon.ts";
import { claimFolder, daemonUser, removeLab } from "./folder.ts";
import { startLab } from "./lab.ts";
import { ensurePackages } from "./packages.ts";

test("a daemon that can't start says why, in its own words", async () => {
  await ensurePackages();
  const folder = claimFolder(daemonUser());
  onTestFinished(() => removeLab(folder));
  const daemon = privateDaemon(folder, daemonUser());
  writeFileSync(join(folder, "c", "libvirt", "libvirtd.conf"), "max_clients = none\n");
  await expect(daemon.start()).rejects.toThrow(/libvirtd ended with status \d+.*libvirtd\.conf/s);
});

test("a domain that outlives its daemon can be destroyed at once when that has been started again", async () => {
  const lab = await startLab();
  onTestFinished(() => lab.stop());
  await startBareDomain(lab, "old");
  const pid = lab.qemuPid("old");
  const parent = () => /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  const reaper = parent();
  await lab.restartDaemon();
  expect(parent()).toBe(reaper);
  await lab.virsh("destroy", "old");
  // Not even a process that has ended and waits for its parent.
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
