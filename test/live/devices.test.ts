import { chmodSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { bootLinux } from "../support/linux-guest.ts";
import { labOfThisFile } from "../support/live-lab.ts";

const lab = labOfThisFile();

/** An empty image; QEMU reads it as another user. */
function image(name: string, mib: number): string {
  const file = lab().file(name);
  writeFileSync(file, Buffer.alloc(mib * 1024 * 1024));
  chmodSync(file, 0o666);
  return file;
}

test("disks and a network card reach a running guest and leave it again", { timeout: 150_000 }, async () => {
  const { stack, console, pid } = await bootLinux(lab(), "guest", "", {
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  const from = () => ({ after: console.text().length });
  const live = async () => readDomain(await lab().virsh("dumpxml", "guest"));
  const defined = async () => readDomain(await lab().virsh("dumpxml", "guest", "--inactive"));
  expect([(await live()).freePorts, (await defined()).freePorts]).toEqual([8, 8]);

  const data = { name: "data", file: image("data.raw", 8), format: "raw" } as const;
  const scsi = { name: "scsi", file: image("scsi.raw", 4), format: "raw", bus: "scsi" } as const;
  const lan = { name: "lan", user: true };
  const before = from();
  stack.edit("guest", { disks: [data, scsi], interfaces: [lan] });
  const preview = await stack.preview();
  expect(preview.errors).toEqual([]);
  expect(preview.diagnostics.map(({ message }) => message).join("\n")).toContain("live: attach ");
  await stack.apply();
  await console.waitFor(/GUEST disks (?=\S*vda=8192)(?=\S*sda=4096)/, before);
  await console.waitFor(/GUEST address eth0=10\.0\.2\.15/, before);
  await stack.expectSettled();
  expect([(await live()).freePorts, (await defined()).freePorts]).toEqual([5, 8]);

  const { mac } = (await live()).cards[0] ?? {};
  const down = from();
  stack.edit("guest", { interfaces: [{ ...lan, link: "down" }] });
  await stack.apply();
  await console.waitFor(new RegExp(`GUEST nics eth0=${mac}/down`), down);

  const after = from();
  stack.edit("guest", { disks: [], interfaces: [] });
  await stack.apply();
  await console.waitFor(/GUEST disks \s/, after);
  await console.waitFor(/GUEST nics \s/, after);
  await stack.expectSettled();
  expect((await defined()).disks).toEqual([]);
  expect(lab().qemuPid("guest")).toBe(pid);
});
