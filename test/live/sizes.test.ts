import { expect, test } from "vitest";
import { catalogue } from "../../sdk/sizes.ts";
import { commandLine } from "../command/command-line.ts";
import { agentAnswers } from "../lab/agent.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { said } from "../support/stack-on-lab.ts";
import { defineByHand, liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

const STEPS = { step: "128MiB", ceiling: "2GiB" };
const ONLINE = "memhp_default_state=online";
const awaitGuest = 90;

test("a running guest walks the longest path of a catalogue, in one QEMU", async () => {
  const sizes = catalogue({
    ...STEPS,
    sizes: {
      small: { memory: "512MiB", vcpus: 1 },
      medium: { memory: "640MiB", vcpus: 2 },
      large: { memory: "1GiB", vcpus: 2 },
      xlarge: { memory: "1152MiB", vcpus: 4 },
    },
  });
  const argsOf = (name: keyof typeof sizes) => ({
    ...sizes[name],
    hotplug: { ...sizes[name].hotplug, awaitGuest },
  });
  const { stack, console, atBoot, pid } = await bootLinux(lab(), "walk", ONLINE, argsOf("small"));
  await agentAnswers(lab(), "walk");
  let path = ["512"];
  for (const name of ["medium", "large", "xlarge"] as const) {
    const { memory, vcpus } = sizes[name];
    stack.edit("walk", argsOf(name));
    expect(said(await stack.preview(), "walk")).toMatch(/^\w+: live: /m);
    await stack.apply();
    const kib = Number.parseInt(memory, 10) * MIB;
    await hasMemTotal(console, atBoot + kib - 512 * MIB);
    path = [...path, `${kib / MIB}`];
    expect(await stack.outputsOf("walk")).toMatchObject({ liveMemory: memory, vcpus });
    expect((await liveMemory(lab(), "walk")).devices.length).toBe(path.length - 1);
    expect((await nextBootMemory(lab(), "walk")).memory).toBe(kib);
    expect(Number(await lab().virsh("vcpucount", "walk", "--live", "--current"))).toBe(vcpus);
    expect((await stack.up()).steps.filter(({ op }) => op !== "same")).toEqual([]);
    expect(lab().qemuPid("walk")).toBe(pid);
  }
  await stack.expectSettled();
  expect(path).toEqual(["512", "640", "1024", "1152"]);
});

test("with allowUnplug it also walks down to the size that it was started with", async () => {
  const sizes = catalogue({
    ...STEPS,
    allowUnplug: true,
    sizes: { small: { memory: "512MiB" }, medium: { memory: "640MiB" }, large: { memory: "896MiB" } },
  });
  const argsOf = (name: keyof typeof sizes) => ({
    ...sizes[name],
    hotplug: { ...sizes[name].hotplug, awaitGuest },
  });
  const { stack, console, atBoot, pid } = await bootLinux(
    lab(),
    "down",
    "memhp_default_state=online_movable",
    argsOf("small"),
  );
  await agentAnswers(lab(), "down");
  for (const name of ["large", "medium", "small"] as const) {
    stack.edit("down", argsOf(name));
    expect(said(await stack.preview(), "down")).toMatch(/^\w+: live: /m);
    await stack.apply();
    await hasMemTotal(console, atBoot + (Number.parseInt(sizes[name].memory, 10) - 512) * MIB);
    expect(await stack.outputsOf("down")).toMatchObject({ liveMemory: sizes[name].memory });
    expect(lab().qemuPid("down")).toBe(pid);
  }
  await stack.expectSettled();
});

test("sizes suggest reads the domains of a host, and its catalogue passes sizes check", async () => {
  const xml = (name: string, mib: number, vcpus: number) =>
    `<domain type='qemu'><name>${name}</name><memory unit='MiB'>${mib}</memory><vcpu>${vcpus}</vcpu><os><type arch='x86_64'>hvm</type></os></domain>`;
  await defineByHand(lab(), xml("host-a", 1003, 1));
  await defineByHand(lab(), xml("host-b", 3072, 2));
  const suggested = await commandLine(["sizes", "suggest", "--uri", lab().uri]);
  expect(suggested).toMatchObject({ code: 0, error: "" });
  expect(suggested.out).toMatch(/^# host-a +1003 MiB, 1 vCPU +\w+ \(\+\d+ MiB\)$/m);
  expect(suggested.out).toMatch(/^# host-b +3 GiB, 2 vCPUs +\w+/m);
  expect(await commandLine(["sizes", "check", "-"], suggested.out)).toMatchObject({ code: 0, error: "" });
});
