import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { privateDaemon } from "./daemon.ts";
import { claimFolder, daemonUser, removeLab } from "./folder.ts";
import { ensurePackages } from "./packages.ts";

test("a daemon that can't start says why, in its own words", async () => {
  await ensurePackages();
  const folder = claimFolder(daemonUser());
  onTestFinished(() => removeLab(folder));
  const daemon = privateDaemon(folder, daemonUser());
  writeFileSync(join(folder, "c", "libvirt", "libvirtd.conf"), "max_clients = none\n");
  await expect(daemon.start()).rejects.toThrow(/libvirtd ended with status \d+.*libvirtd\.conf/s);
});
