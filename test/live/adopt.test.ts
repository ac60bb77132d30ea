import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { recordedRoom } from "../support/room.ts";
import { said, stackOnLab } from "../support/stack-on-lab.ts";
import { attachXmlByHand, defineByHand, liveMemory, nextBootMemory, powerState } from "../support/virsh.ts";

/** As virt-install writes it, with what this lab hasn't taken out: KVM, a disk image, a network of libvirt's. */
const VIRT_INSTALL = readFileSync(join(import.meta.dirname, "../domain/fixtures/virt-install.xml"), "utf8")
  .replace("<domain type='kvm' id='3'>", "<domain type='qemu'>")
  .replace(/<cpu mode='host-passthrough'.*\/>/, "")
  .replace(/<disk type.*?<\/disk>/s, "")
  .replace(
    /<interface type='network'>.*?<\/interface>/s,
    "<interface type='user'><mac address='52:54:00:6b:3c:58'/><model type='virtio'/></interface>",
  )
  .replace(/<resource>.*?<\/resource>/s, "")
  .replace(/<seclabel.*?<\/seclabel>/s, "")
  .replace(/<source mode='bind' path='[^']*'\/>/, "");

/** As a person writes it who wants to plug memory later. */
const roomy = (name: string, mib = 256) => `<domain type='qemu'>
  <name>${name}</name>
  <title>made by hand</title>
  <maxMemory slots='8' unit='GiB'>2</maxMemory>
  <memory unit='MiB'>${mib}</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0-1' memory='${mib}' unit='MiB'/></numa></cpu>
</domain>`;

const lab = labOfThisFile();

test("a domain as virt-install makes it: nothing of it changes, and after destroy it is as it was", async () => {
  await defineByHand(lab(), VIRT_INSTALL);
  await lab().virsh("start", "debian12");
  const pid = lab().qemuPid("debian12");
  const before = await bothXml("debian12");
  const stack = await stackOnLab(lab(), {
    web: {
      ...{ name: "debian12", adopt: true, memory: "2GiB", vcpus: 2 },
      ...{ arch: "x86_64", machine: "q35", firmware: "bios", agent: true, balloon: true, serial: "pty" },
      interfaces: [{ user: true, mac: "52:54:00:6B:3C:58" }],
    },
  });
  const preview = await stack.preview();
  expect(preview.errors).toEqual([]);
  expect(await bothXml("debian12")).toEqual(before);
  await stack.apply();
  const uuid = (await lab().virsh("domuuid", "debian12")).trim();
  expect(await stack.outputsOf("web")).toMatchObject({ uuid, liveMemory: "2048MiB", reachable: [] });
  expect(await bothXml("debian12")).not.toEqual(before);
  expect(withoutMark(await bothXml("debian12"))).toEqual(before);
  await stack.expectSettled();

  // How it began doesn't matter any more.
  stack.edit("web", { adopt: false });
  const toggled = await stack.up({ expectNoChanges: true });
  expect(toggled.errors).toEqual([]);

  // It has neither nodes nor a ceiling, and is never replaced for them.
  stack.edit("web", { memory: "3GiB" });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(refused.errors.join()).toContain("adopted domains are never replaced");
  stack.edit("web", { memory: "2GiB", name: "debian13" });
  const renamed = await stack.up();
  expect(renamed.errors.join()).toContain(
    "refused: changing name needs a new domain, but adopted domains are never replaced",
  );
  stack.edit("web", { name: "debian12" });

  expect((await stack.destroy()).errors).toEqual([]);
  expect(lab().qemuPid("debian12")).toBe(pid);
  expect(await powerState(lab(), "debian12")).toBe("running");
  expect(await bothXml("debian12")).toEqual(before);
});

test("what would need a restart is refused by name, and so is what isn't there: nothing is touched", async () => {
  await defineByHand(lab(), VIRT_INSTALL);
  await lab().virsh("start", "debian12");
  const before = await bothXml("debian12");
  const pid = lab().qemuPid("debian12");
  const stack = await stackOnLab(lab(), {
    web: {
      name: "debian12",
      adopt: true,
      memory: "3GiB",
      vcpus: 4,
      machine: "pc",
      firmware: "uefi",
      balloon: false,
      interfaces: [{ user: true, mac: "52:54:00:00:00:01" }],
    },
  });
  const refused = await stack.preview();
  expect(refused.ok).toBe(false);
  expect(refused.stdout).toContain("property adopt value {true} has a problem: can't adopt domain debian12");
  for (const difference of [
    "firmware differs and can't be changed",
    "vCPUs 2 → 4 needs a replacement, but adopted domains are never replaced",
    "4 vCPUs are above the running domain's maximum of 2, which is fixed at boot",
    "machine differs and changing it needs a restart",
    "balloon differs and changing it needs a restart",
    "interfaces differs, and an adoption doesn't change the devices of a running domain",
    "match the program to the domain, or change the domain first",
  ])
    expect(refused.stdout).toContain(difference);
  expect(await bothXml("debian12")).toEqual(before);
  expect(await stack.find("web")).toBeUndefined();

  stack.drop("web");
  stack.edit("web", { name: "debian12", adopt: true, memory: "3GiB" });
  const grown = await stack.up();
  expect(grown.stdout).toContain("the running domain was started without maxMemory");
  expect(await bothXml("debian12")).toEqual(before);
  expect(lab().qemuPid("debian12")).toBe(pid);

  stack.edit("web", { name: "nowhere" });
  const nowhere = await stack.preview();
  expect(nowhere.ok).toBe(false);
  expect(nowhere.stdout).toContain(`finds no domain "nowhere" on ${lab().uri}; remove adopt to create it`);
});

test("what the program says otherwise is an update: memory is plugged, beside DIMMs of others, transient domains too", async () => {
  await defineByHand(lab(), roomy("grown"));
  await defineByHand(lab(), roomy("dimms"));
  await defineByHand(lab(), roomy("off"));
  for (const name of ["grown", "dimms"]) await lab().virsh("start", name);
  const passing = lab().file("passing.xml");
  writeFileSync(passing, roomy("passing"));
  await lab().virsh("create", passing);
  const device = "<memory model='dimm'><target><size unit='MiB'>256</size><node>0</node></target></memory>";
  await attachXmlByHand(lab(), "dimms", device, "--live", "--config");
  await attachXmlByHand(lab(), "dimms", device, "--live");
  const names = ["grown", "dimms", "passing"];
  const pids = () => names.map((name) => lab().qemuPid(name));
  const before = pids();

  const stack = await stackOnLab(lab(), {
    grown: {
      adopt: true,
      memory: "512MiB",
      description: "adopted",
      onDelete: "delete",
      shutdownTimeout: 0,
    },
    dimms: { adopt: true, memory: "1GiB" },
    passing: { adopt: true, memory: "512MiB", shutdownTimeout: 0 },
    off: { adopt: true, memory: "300MiB", running: false },
  });
  const preview = await stack.preview();
  expect(preview.changes).toEqual({ create: 5 });
  expect(pids()).toEqual(before);
  expect(await liveMemory(lab(), "grown")).toMatchObject({ memory: 256 * MIB });
  const { outputs } = await stack.apply();
  expect(outputs).toEqual({
    grown: "live: 256 → 512 MiB, one 256 MiB DIMM in slot 0 (7 of 8 free), no restart",
    dimms: "live: 768 → 1024 MiB, one 256 MiB DIMM in slot 2 (5 of 8 free), no restart",
    passing: "live: 256 → 512 MiB, one 256 MiB DIMM in slot 0 (7 of 8 free), no restart",
    off: "live: 256 → 300 MiB in the definition (the domain is off)",
  });
  for (const name of [...names, "off"]) {
    const { inputs, room } = await recordedRoom(stack, name);
    expect([name, inputs.headroom]).toEqual([name, room]);
  }

  expect(await liveMemory(lab(), "grown")).toMatchObject({
    memory: 512 * MIB,
    maxMemory: 2048 * MIB,
    cells: [256 * MIB],
    devices: [{ alias: "ua-pulumi-dimm0", size: 256 * MIB, slot: 0 }],
  });
  expect(await nextBootMemory(lab(), "grown")).toMatchObject({ cells: [512 * MIB], devices: [] });
  const grown = await lab().virsh("dumpxml", "grown", "--inactive");
  expect(grown).toContain("<title>made by hand</title>");
  expect(grown).toContain("<description>adopted</description>");
  expect(grown).toContain("<maxMemory slots='8' ");
  expect(await stack.outputsOf("grown")).toMatchObject({
    memorySlots: 8,
    maxMemory: "2048MiB",
    reachable: [{ from: "768MiB", to: "2048MiB", step: "256MiB" }],
  });

  const { devices } = await liveMemory(lab(), "dimms");
  expect(devices.map(({ alias, slot }) => [alias, slot])).toEqual([
    ["dimm0", 0],
    ["dimm1", 1],
    ["ua-pulumi-dimm2", 2],
  ]);
  expect(await nextBootMemory(lab(), "dimms")).toMatchObject({
    memory: 1024 * MIB,
    cells: [768 * MIB],
    devices: [{ size: 256 * MIB }],
  });

  expect(await liveMemory(lab(), "passing")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
  expect(await lab().virsh("list", "--transient", "--name")).toContain("passing");
  expect(await powerState(lab(), "off")).toBe("shut off");
  expect(await nextBootMemory(lab(), "off")).toMatchObject({ cells: [300 * MIB], maxMemory: 2048 * MIB });
  expect(pids()).toEqual(before);
  await stack.expectSettled();

  stack.edit("passing", { memory: "768MiB" });
  const up = await stack.apply();
  expect(said(up, "passing")).toContain("the domain is transient: the new size is lost when it stops");
  expect(await liveMemory(lab(), "passing")).toMatchObject({ memory: 768 * MIB, cells: [256 * MIB] });
  stack.edit("passing", { memory: "800MiB", hotplug: { whenNotPossible: "restart" } });
  expect(said(await stack.up(), "passing")).toContain("transient");
  expect(pids()).toEqual(before);

  expect((await stack.destroy()).errors).toEqual([]);
  const left = await lab().virsh("list", "--all", "--name");
  expect(left.split("\n").filter(Boolean).sort()).toEqual(["dimms", "off", "passing"]);
  expect(pids()).toEqual([undefined, ...before.slice(1)]);
  for (const name of ["dimms", "off", "passing"])
    expect(await lab().virsh("dumpxml", name)).not.toContain("pulumi-libvirt-hotplug");
});

/** The running domain's XML and its definition's. */
async function bothXml(domain: string): Promise<string[]> {
  return [
    await lab().virsh("dumpxml", domain),
    await lab().virsh("dumpxml", domain, "--inactive", "--security-info"),
  ];
}

function withoutMark(xmls: string[]): string[] {
  return xmls.map((xml) => xml.replace(/ *<hotplug:domain [^>]*\/>\n/, ""));
}
