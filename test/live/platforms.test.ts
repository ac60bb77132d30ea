import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const NO_ACPI =
  "<domain><os><type arch='x86_64' machine='q35'>hvm</type></os><features><apic/></features></domain>";

const lab = labOfThisFile();

test("where nothing can be plugged, a domain gets no ceiling, and an increase takes the way out with that reason", async () => {
  const once = { ...BARE, forceOff: true } as const;
  const stack = await stackOnLab(lab(), {
    disabled: { ...once, hotplug: { enabled: false, whenNotPossible: "restart" } },
    noAcpi: { ...once, xml: NO_ACPI, hotplug: { whenNotPossible: "restart" } },
    narrow: { ...BARE, guestWidth: 32, hotplug: { whenNotPossible: "nextBoot" } },
  });
  const reasons = {
    disabled: "hotplug.enabled is false",
    noAcpi: "the domain has no ACPI, which guests need for memory hot-plug",
    narrow: "32-bit guests don't support memory hot-plug",
  };
  const preview = await stack.preview({ json: true });
  for (const reason of Object.values(reasons))
    expect(JSON.stringify(preview.json)).toContain(
      `"memoryPlan":"starts with 256 MiB; without room to grow while it runs (${reason})"`,
    );
  await stack.apply();
  await stack.expectSettled();
  for (const name of Object.keys(reasons)) {
    for (const read of [liveMemory, nextBootMemory])
      expect(await read(lab(), name)).toMatchObject({ maxMemory: undefined, cells: [256 * MIB] });
    expect(await stack.outputsOf(name)).toMatchObject({ maxMemory: "2048MiB", reachable: [] });
  }
  const before = Object.fromEntries(Object.keys(reasons).map((name) => [name, lab().qemuPid(name)]));

  for (const name of Object.keys(reasons)) stack.edit(name, { memory: "512MiB" });
  const up = await stack.apply();
  for (const [name, reason] of Object.entries(reasons)) {
    expect(said(up, name)).toContain(`\n${reason}\n`);
    expect(said(up, name)).not.toContain("slots and room");
    expect(await nextBootMemory(lab(), name)).toMatchObject({ maxMemory: undefined, cells: [512 * MIB] });
  }
  expect(await liveMemory(lab(), "narrow")).toMatchObject({ memory: 256 * MIB, devices: [] });
  expect(lab().qemuPid("narrow")).toBe(before.narrow);
  for (const name of ["disabled", "noAcpi"]) {
    expect(lab().qemuPid(name)).not.toBe(before[name]);
    expect(await liveMemory(lab(), name)).toMatchObject({ cells: [512 * MIB], devices: [] });
  }
  await stack.expectSettled();
});

// There is no QEMU here for most of these, which a host that can be reached says first.
test("the preview of a domain on a platform that can't be plugged says so", async () => {
  const { maxMemory: _maxMemory, ...bare } = BARE;
  const domain = { ...bare, uri: `qemu:///session?socket=${lab().file("nowhere.sock")}` };
  const platforms: Record<string, { args: object; why: string }> = {
    s390x: { args: { arch: "s390x" }, why: "s390x machines don't support memory hot-plug" },
    riscv: { args: { arch: "riscv64" }, why: "riscv64 machines don't support memory hot-plug" },
    i686: { args: { arch: "i686" }, why: "32-bit guests don't support memory hot-plug" },
    microvm: {
      args: { arch: "x86_64", machine: "microvm" },
      why: "the microvm machine type doesn't support memory hot-plug",
    },
    powernv: {
      args: { arch: "ppc64le", machine: "powernv9" },
      why: "needs memory hot-plug, which the machine type doesn't support",
    },
    bios: {
      args: { arch: "aarch64", firmware: "bios" },
      why: "needs UEFI, which aarch64 guests require for hot-plug",
    },
    pseries: { args: { arch: "ppc64le" }, why: "" },
    virt: { args: { arch: "aarch64" }, why: "" },
  };
  const stack = await stackOnLab(
    lab(),
    Object.fromEntries(Object.entries(platforms).map(([name, { args }]) => [name, { ...domain, ...args }])),
  );
  const { json, errors } = await stack.preview({ json: true });
  expect(errors).toEqual([]);
  const here = await stackOnLab(lab(), { s390x: { ...bare, arch: "s390x" } });
  expect((await here.preview()).errors.join()).toContain('arch "s390x" isn\'t supported by');
  const { steps } = json as { steps: { urn: string; newState: { inputs: { memoryPlan?: string } } }[] };
  for (const [name, { why }] of Object.entries(platforms)) {
    const plan = steps.find(({ urn }) => urn.endsWith(`::${name}`))?.newState.inputs.memoryPlan;
    expect(plan).toBe(
      why === ""
        ? "starts with 256 MiB; room for 16 DIMMs, up to 1 GiB"
        : `starts with 256 MiB; without room to grow while it runs (${why})`,
    );
  }
});
