import { expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand, words } from "../support/virsh.ts";

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
    `the name "theirs" is already used by domain ${uuid}, which this provider doesn't manage; set another name`,
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

  // The same program with a state that knows nothing: nothing is taken over.
  const lost = await stackOnLab(lab(), { one: { ...BARE, name: "shared" } });
  const pid = lab().qemuPid("shared");
  const again = await lost.up();
  expect(again.ok).toBe(false);
  expect(again.stdout).toContain("which this resource created but the state doesn't record");
  expect(lab().qemuPid("shared")).toBe(pid);
  await first.expectSettled();
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
  const created = await stack.up({ continueOnError: true });
  expect(created.ok).toBe(false);
  expect(created.stdout).toMatch(/Unable to define domain refused: .*PCI/);
  expect(created.stdout).toMatch(
    /Unable to start domain kernel: .*no-such-kernel.*No such file or directory/,
  );
  expect(created.stdout).toMatch(
    /Unable to start domain disk: .*no-such-disk.qcow2.*No such file or directory/,
  );
  // No stack of ours: only what libvirt says.
  expect(created.stdout).not.toContain("dist/provider");
  expect(await definitions()).toEqual(["fine"]);

  stack.drop("refused");
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
