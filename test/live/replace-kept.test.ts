import { copyFileSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { PROCEDURE, rpcProxy } from "../support/rpc-proxy.ts";
import { type Args, BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand, powerState, words } from "../support/virsh.ts";

const lab = labOfThisFile();

/** A running domain, and its stack. */
async function running(
  more: Args = {},
): Promise<{ stack: StackOnLab; pid: number | undefined; definition: string }> {
  const stack = await stackOnLab(lab(), { web: { ...BARE, name: "web", ...more } });
  await stack.apply();
  const pid = lab().qemuPid("web");
  expect(pid).toBeTypeOf("number");
  return { stack, pid, definition: await lab().virsh("dumpxml", "web", "--inactive") };
}

const everyDomain = async () => words(await lab().virsh("list", "--all", "--name")).sort();

describe("a replace whose connection is lost", () => {
  const smaller = { memory: "300MiB" };

  test("in its create goes on with the next up", async () => {
    // Every domain loses it after another call of its create; the delete before that makes some 35 calls.
    const names = Array.from({ length: 6 }, (_, index) => `d${index}`);
    const proxies = await Promise.all(names.map((name) => rpcProxy(lab(), name)));
    const domains = names.map((name, index) => [name, { ...BARE, uri: proxies[index]?.uri }]);
    const stack = await stackOnLab(lab(), Object.fromEntries(domains));
    await stack.apply();
    for (const name of names) stack.edit(name, smaller);
    for (const [index, proxy] of proxies.entries()) proxy.cutAfter(36 + 4 * index);
    expect((await stack.up({ continueOnError: true })).ok).toBe(false);
    for (const proxy of proxies) proxy.restore();
    await stack.apply();
    expect(await everyDomain()).toEqual([...names].sort());
    for (const name of names) expect(await powerState(lab(), name), name).toBe("running");
    await stack.expectSettled();
  }, 240_000);

  test("between its delete and its create, and whose resource is removed: a preview names what is left", async () => {
    const proxy = await rpcProxy(lab(), "web");
    const stack = await stackOnLab(lab(), { web: { ...BARE, name: "web", uri: proxy.uri } });
    await stack.apply();
    stack.edit("web", smaller);
    proxy.beforeCall(PROCEDURE.shutOff, 1, async () => proxy.cutAfter(1));
    expect((await stack.up()).ok).toBe(false);
    proxy.restore();
    expect(await everyDomain()).toEqual(["web"]);
    expect(await powerState(lab(), "web")).toBe("shut off");
    expect(await lab().virsh("dumpxml", "web")).toContain('was="running"');

    stack.drop("web");
    stack.edit("other", { ...BARE, name: "web" });
    const { ok, errors } = await stack.preview();
    expect(ok).toBe(false);
    expect(errors.join("\n")).toContain("domain web was left by a replace that did not end");
    expect(errors.join("\n")).toContain("virsh undefine web --nvram");
  });
});

describe("a replace that libvirt can't carry out never costs the domain", () => {
  const smaller = { memory: "300MiB" };

  /** What only shows when the new domain is started is put right by starting the old one again. */
  const refused: [string, Args, RegExp][] = [
    ["machine", { ...smaller, machine: "pc-q35-99.9" }, /machine "pc-q35-99.9" isn't supported/],
    ["cpu", { ...smaller, cpu: "NoSuchCpu" }, /cpu "NoSuchCpu" isn't supported/],
    [
      "vcpus of q35 without an IOMMU",
      { ...smaller, vcpus: 256 },
      /vcpus 256 isn't supported by .* \(supported: up to 255\)/,
    ],
    [
      "a disk file",
      { ...smaller, disks: [{ file: "/no/such.qcow2" }] },
      /"\/no\/such.qcow2" doesn't exist on qemu:/,
    ],
    [
      "a bus of another machine",
      { ...smaller, disks: [{ file: "/no", bus: "ide" }] },
      /IDE controllers are unsupported/,
    ],
    ["kernel", { ...smaller, boot: { kernel: "/no/vmlinuz" } }, /"\/no\/vmlinuz" doesn't exist on/],
    [
      "a directory of the console",
      { ...smaller, serial: { file: "/no/dir/console" } },
      /"\/no\/dir" doesn't exist/,
    ],
    ["a bridge", { ...smaller, interfaces: [{ bridge: "nobr0" }] }, /bridge "nobr0" doesn't exist/],
    ["a network", { ...smaller, interfaces: [{ network: "nonet" }] }, /network "nonet" doesn't exist/],
    [
      "a volume",
      {
        ...smaller,
        xml: "<domain type='qemu'><devices><disk type='volume'><source pool='nopool' volume='v'/><target dev='vda'/></disk></devices></domain>",
      },
      /storage pool "nopool" doesn't exist/,
    ],
    [
      "host nodes",
      { ...smaller, hotplug: { device: "virtio-mem", source: { nodeset: "5" } } },
      /NUMA node 5 is unavailable/,
    ],
    ["arch", { arch: "s390x" }, /arch "s390x" isn't supported/],
    ["name", { name: "taken" }, /the name "taken" is already used/],
  ];

  test("what it can be asked is refused before the old domain is stopped", async () => {
    await defineByHand(
      lab(),
      "<domain type='qemu'><name>taken</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>",
    );
    const { stack, pid, definition } = await running();
    const outputs = await stack.outputsOf("web");
    for (const [what, change, reason] of refused) {
      stack.edit("web", change);
      const { ok, errors } = await stack.up();
      expect(ok, what).toBe(false);
      expect(errors.join("\n"), what).toMatch(reason);
      expect(errors.join("\n"), what).toContain("domain web can't be replaced and is left unchanged");
      expect(lab().qemuPid("web"), what).toBe(pid);
      expect(await lab().virsh("dumpxml", "web", "--inactive"), what).toBe(definition);
      expect(await everyDomain(), what).toEqual(["taken", "web"]);
      expect(await stack.outputsOf("web"), what).toEqual(outputs);
      stack.edit("web", { ...BARE, name: "web", ...without(change) });
    }
    await stack.expectSettled();
    expect(lab().qemuPid("web")).toBe(pid);
  });

  test("a kernel that was removed since the create is noticed before the domain is stopped", async () => {
    const kernel = lab().file("kernel");
    copyFileSync(lab().guest.kernel, kernel);
    const { stack, pid } = await running({ boot: { kernel } });
    rmSync(kernel);
    stack.edit("web", smaller);
    const { errors } = await stack.up();
    expect(errors.join("\n")).toContain(`"${kernel}" doesn't exist on`);
    expect(lab().qemuPid("web")).toBe(pid);
    expect(await everyDomain()).toEqual(["web"]);
  });

  test("what only a start shows brings the old domain back", async () => {
    const { stack, pid, definition } = await running({ autostart: true });
    // libvirt passes a model that it doesn't know on to QEMU.
    const change = { ...smaller, interfaces: [{ user: true, model: "nosuchnic" }] };
    stack.edit("web", change);
    const { ok, errors } = await stack.up();
    expect(ok).toBe(false);
    expect(errors.join("\n")).toMatch(/Unable to replace domain web: .*nosuchnic/s);
    expect(errors.join("\n")).toContain("the old domain was put back and started");
    const restored = lab().qemuPid("web");
    expect(restored).toBeTypeOf("number");
    expect(restored).not.toBe(pid);
    expect(await everyDomain()).toEqual(["web"]);
    expect(await stack.outputsOf("web")).toMatchObject({ memory: "256MiB", liveMemory: "256MiB" });
    expect(await lab().virsh("dominfo", "web")).toMatch(/Autostart: +enable/);

    const preview = await stack.preview();
    expect(preview.steps.map(({ op }) => op)).toContain("replace");

    stack.edit("web", { ...BARE, autostart: true, interfaces: undefined });
    await stack.apply();
    expect(await lab().virsh("dumpxml", "web", "--inactive")).toBe(definition);
    expect(lab().qemuPid("web")).toBe(restored);
    await stack.expectSettled();
  });

  test("a replace that works leaves one domain, with nothing of the old one", async () => {
    const { stack, pid } = await running();
    stack.edit("web", { ...smaller, name: "front" });
    await stack.apply();
    expect(await everyDomain()).toEqual(["front"]);
    expect(await powerState(lab(), "front")).toBe("running");
    expect(lab().qemuPid("front")).not.toBe(pid);
    expect(await lab().virsh("dumpxml", "front", "--inactive")).not.toContain("replacing");
    await stack.expectSettled();
  });
});

/** Takes a change's arguments out of the program again. */
function without(change: Args): Args {
  const own = new Set(["name", ...Object.keys(BARE)]);
  return Object.fromEntries(Object.keys(change).flatMap((key) => (own.has(key) ? [] : [[key, undefined]])));
}
