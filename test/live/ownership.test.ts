import { chmodSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { type Args, BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand, words, xmlOfAll } from "../support/virsh.ts";

const lab = labOfThisFile();

const definitions = async () => words(await lab().virsh("list", "--all", "--name")).sort();

test("a name that another domain has is refused with that domain's UUID, and nothing of it is touched", async () => {
  await defineByHand(
    lab(),
    `<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory>
       <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
  );
  const uuid = (await lab().virsh("domuuid", "theirs")).trim();
  const before = await lab().virsh("dumpxml", "theirs");

  const stack = await stackOnLab(lab(), { mine: { ...BARE, name: "theirs" } });
  const { ok, stdout } = await stack.up();
  expect(ok).toBe(false);
  expect(stdout).toContain(
    `the name "theirs" is already used by domain ${uuid}, which this provider doesn't manage; set adopt: true to manage it, set another name`,
  );
  expect(await lab().virsh("dumpxml", "theirs")).toBe(before);
  expect(await definitions()).toEqual(["theirs"]);
  expect(await stack.find("mine")).toBeUndefined();

  stack.edit("mine", { name: "mine" });
  await stack.apply();
  expect(await definitions()).toEqual(["mine", "theirs"]);
  await stack.expectSettled();
});

test("a domain that another stack made is refused with the URN of its resource", async () => {
  const first = await stackOnLab(lab(), { one: { ...BARE, name: "shared" } });
  await first.apply();
  const second = await stackOnLab(lab(), { other: { ...BARE, name: "shared" } });
  const { ok, stdout } = await second.up();
  expect(ok).toBe(false);
  expect(stdout).toMatch(
    /the name "shared" is already used by domain \S+, which belongs to urn:pulumi:dev::live::\S+::one;/,
  );

  // Another program with a state that knows nothing: nothing is taken over.
  const lost = await stackOnLab(lab(), { one: { ...BARE, name: "shared", memory: "512MiB" } });
  const pid = lab().qemuPid("shared");
  const again = await lost.up();
  expect(again.ok).toBe(false);
  expect(again.stdout).toContain("which this resource created but the state doesn't record");
  expect(again.stdout).toContain("set adopt: true to manage it");
  expect(lab().qemuPid("shared")).toBe(pid);
  await first.expectSettled();
});

const XML = `<domain xmlns:mine='urn:mine'>
  <title>shop</title>
  <metadata><mine:team xmlns:mine='urn:mine'>web</mine:team></metadata>
  <devices>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>`;

/** What a session daemon can't start. */
const TUNED = `<domain>
  <memtune><hard_limit unit='GiB'>4</hard_limit></memtune>
  <devices><graphics type='vnc' port='-1' autoport='yes' passwd='secret12'/></devices>
</domain>`;

test("a domain that libvirt made of any definition is found to be exactly that, and one with a change isn't", async () => {
  const disk = lab().file("disk.raw");
  writeFileSync(disk, Buffer.alloc(1 << 20));
  // QEMU runs as another user.
  chmodSync(disk, 0o666);
  const own = lab().file("own.raw");
  writeFileSync(own, Buffer.alloc(1 << 20));
  const shared = lab().file("shared.raw");
  writeFileSync(shared, Buffer.alloc(1 << 20));
  const off = { ...BARE, running: false };
  const domains: Record<string, Args> = {
    bare: BARE,
    whole: {
      ...BARE,
      ...{
        agent: true,
        balloon: true,
        vcpus: 2,
        cpu: "Nehalem",
        machine: "pc-q35-7.2",
        description: "the <shop>",
      },
      disks: [{ file: disk, format: "raw" }],
      interfaces: [{ user: true }, { user: true, model: "e1000e", mac: "52:54:00:AB:cd:01" }],
      serial: "pty",
      autostart: true,
    },
    buses: {
      ...off,
      disks: (["virtio", "scsi", "sata", "usb"] as const).map((bus) => ({
        // Only an image that no disk writes can be in one domain twice.
        ...{ file: bus === "virtio" ? own : shared, format: "raw" as const, bus },
        readOnly: bus !== "virtio",
      })),
    },
    serial: { ...BARE, serial: { file: lab().file("serial.log") } },
    pc: { ...BARE, machine: "pc", cpu: "maximum" },
    elastic: { ...BARE, hotplug: { device: "virtio-mem" } },
    nodes: {
      ...BARE,
      vcpus: 4,
      numa: [
        { memory: "128MiB", cpus: "0,1" },
        { memory: "128MiB", cpus: "2-3" },
      ],
    },
    ballooned: { ...BARE, balloon: true, currentMemory: "200MiB" },
    fixed: { ...BARE, hotplug: { enabled: false } },
    xml: { ...BARE, xml: XML },
    tuned: { ...off, xml: TUNED },
    off,
    arm: { ...off, arch: "aarch64", firmware: "bios" },
  };
  const first = await stackOnLab(lab(), domains);
  await first.apply();
  const before = await xmlOfAll(lab(), Object.keys(domains), "--security-info");
  const lost = await stackOnLab(lab(), domains);
  const preview = await lost.preview();
  expect(preview.errors).toEqual([]);
  for (const name of Object.keys(domains))
    expect(said(preview, name)).toMatch(/^warning: continues with domain .* finished without recording it/);
  await lost.apply();
  expect(await xmlOfAll(lab(), Object.keys(domains), "--security-info")).toEqual(before);
  await lost.expectSettled();
  await first.expectSettled();

  const byHand: [name: string, from: string | RegExp, to: string, part: string][] = [
    ["bare", "</devices>", "<input type='tablet' bus='usb'/></devices>", "devices/input"],
    ["whole", "name='qemu' type='raw'", "name='qemu' type='raw' cache='none'", "devices/disk/driver"],
    ["serial", "<on_crash>destroy", "<on_crash>restart", "on_crash"],
    ["pc", "<acpi/>", "<acpi/><pae/>", "features/pae"],
    ["fixed", "</vcpu>", "</vcpu><iothreads>2</iothreads>", "iothreads"],
    ["xml", ">shop<", ">front<", "title"],
    ["off", /mode='custom'[\s\S]*?<\/model>/, "mode='maximum'>", "cpu"],
  ];
  for (const [name, from, to] of byHand) {
    const xml = await lab().virsh("dumpxml", name, "--inactive", "--security-info");
    expect(xml).toMatch(from);
    await defineByHand(lab(), xml.replace(from, to));
  }
  for (const [name, , , part] of byHand) {
    const alone = await stackOnLab(lab(), { [name]: domains[name] ?? {} });
    const { stdout } = await alone.preview();
    expect(stdout).toMatch(
      new RegExp(`name "${name}" is already used .* differs from the program in ${part};`),
    );
  }
});

test("two resources of one stack can't have one domain", async () => {
  const stack = await stackOnLab(lab(), {
    first: { ...BARE, name: "same" },
    second: { ...BARE, name: "same" },
  });
  const { ok, stdout } = await stack.preview();
  expect(ok).toBe(false);
  expect(stdout).toMatch(
    /is already used by urn:pulumi:dev::live::\S+::(first|second); domain names must be unique per host/,
  );
  expect(await definitions()).toEqual([]);
});

test("what libvirt refuses leaves nothing new behind, and what was there in force", async () => {
  // libvirt's own rule: it refuses to define this address.
  const xml =
    "<domain><devices><rng model='virtio'><backend model='random'>/dev/urandom</backend><address type='pci' domain='0x0000' bus='0x00' slot='0x3f' function='0x0'/></rng></devices></domain>";
  const stack = await stackOnLab(lab(), {
    refused: { ...BARE, xml },
    kernel: { ...BARE, boot: { kernel: lab().file("no-such-kernel") } },
    disk: { ...BARE, disks: [{ file: lab().file("no-such-disk.qcow2") }] },
    fine: BARE,
  });
  const asked = await stack.up({ continueOnError: true });
  expect(asked.ok).toBe(false);
  expect(asked.stdout).toMatch(/Unable to create domain refused: libvirt refuses the definition: .*PCI/);
  stack.drop("refused");
  const created = await stack.up({ continueOnError: true });
  expect(created.ok).toBe(false);
  expect(created.stdout).toMatch(
    /Unable to start domain kernel: .*no-such-kernel.*No such file or directory/,
  );
  expect(created.stdout).toMatch(
    /Unable to create domain disk: disks\[0\]\.file: \S+no-such-disk\.qcow2 doesn't exist on \S+; create it first/,
  );
  // No stack of ours: only what libvirt says.
  expect(created.stdout).not.toContain("dist/provider");
  expect(await definitions()).toEqual(["fine"]);

  stack.drop("kernel");
  stack.drop("disk");
  stack.edit("fine", { xml });
  const before = await lab().virsh("dumpxml", "fine", "--inactive");
  const pid = lab().qemuPid("fine");
  const updated = await stack.up();
  expect(updated.ok).toBe(false);
  expect(updated.stdout).toMatch(/PCI/);
  expect(await lab().virsh("dumpxml", "fine", "--inactive")).toBe(before);
  expect(lab().qemuPid("fine")).toBe(pid);

  stack.edit("fine", { xml: undefined });
  await stack.apply();
  await stack.expectSettled();
});
