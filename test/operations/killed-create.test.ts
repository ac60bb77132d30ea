import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { defined } from "../../provider/defined.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { CheckFailed, OneResource, URN } from "../support/one-resource.ts";
import { WHOLE_PROGRAM } from "../support/whole-program.ts";

const program = WHOLE_PROGRAM;

/** Another program, whose create would make another domain, and where that shows. */
const others: [string, object, string][] = [
  ["more memory", { memory: "1259MiB" }, "memory"],
  ["less memory", { memory: "747MiB" }, "memory"],
  ["a higher ceiling", { maxMemory: "16GiB" }, "maxMemory"],
  ["no headroom", { maxMemory: "1003MiB" }, "maxMemory"],
  ["no hot-plug", { hotplug: { enabled: false } }, "maxMemory"],
  ["other slots", { memorySlots: 4 }, "maxMemory"],
  ["virtio-mem", { hotplug: { device: "virtio-mem" } }, "devices/memory"],
  ["a balloon target", { currentMemory: "512MiB" }, "currentMemory"],
  ["two nodes", { numa: [{ memory: "512MiB" }, { memory: "491MiB" }] }, "cpu/numa"],
  ["more vCPUs", { vcpus: 4 }, "vcpus"],
  ["more room for vCPUs", { maxVcpus: 16 }, "maxVcpus"],
  ["another topology", { cpuTopology: { sockets: 2, cores: 4 } }, "cpu"],
  ["no vCPUs of its own", { vcpus: undefined }, "vcpus"],
  ["another CPU", { cpu: "host-passthrough" }, "cpu"],
  ["no CPU of its own", { cpu: undefined }, "cpu"],
  ["another machine", { machine: "pc-q35-7.1" }, "os/type"],
  ["another kind of machine", { machine: "pc" }, "os/type"],
  ["another architecture", { arch: "aarch64", machine: undefined }, "os/type"],
  ["other firmware", { firmware: "uefi", boot: undefined }, "os"],
  ["another disk", { disks: [{ file: "/images/b.qcow2" }] }, "devices/disk/source"],
  ["one disk more", { disks: [...program.disks, { file: "/images/b.qcow2" }] }, "devices/disk"],
  ["no disk", { disks: undefined }, "devices/disk"],
  ["a read-only disk", { disks: [{ file: "/images/a.qcow2", readOnly: true }] }, "devices/disk/readonly"],
  ["another network", { interfaces: [{ network: "other" }] }, "devices/interface/source"],
  ["no network", { interfaces: undefined }, "devices/interface"],
  ["another serial port", { serial: { file: "/log" } }, "devices/serial"],
  ["no serial port", { serial: undefined }, "devices/serial"],
  ["no agent", { agent: false }, "devices/channel"],
  ["no balloon", { balloon: false }, "devices/memballoon"],
  ["another description", { description: "front" }, "description"],
  ["no description", { description: undefined }, "description"],
  ["no kernel", { boot: undefined }, "os/kernel"],
  ["another command line", { boot: { kernel: "/boot/vmlinuz" } }, "os/cmdline"],
  ["no autostart", { autostart: false }, "autostart"],
  ["no autostart of its own", { autostart: undefined }, "autostart"],
  ["off", { running: false }, "running"],
];

/** Arguments that a domain doesn't have: the same domain is made. */
const settings: [string, object][] = [
  ["nothing else", {}],
  ["another fallback", { hotplug: { whenNotPossible: "restart" } }],
  ["another alignment", { hotplug: { alignment: "128MiB" } }],
  ["another time-out", { shutdownTimeout: 5 }],
  ["onDelete", { onDelete: "keep" }],
  ["the guest's width", { guestWidth: 64 }],
  ["running", { running: true }],
  ["memory in another unit", { memory: 1003 }],
  ["the alias of the machine", { machine: "q35" }],
];

const READS =
  /^(find|list|state|xml|isPersistent|autostart|memoryStats|capabilities|version|domainCap|subscribe)/;

/** The program with a change; undefined takes an argument out. */
function next(change: object): Record<string, unknown> {
  return defined({ ...program, ...change });
}

let host: FakeHypervisor;
let stack: OneResource;

const changes = () => host.calls.filter((call) => !READS.test(call));

beforeEach(async () => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** A create whose process was killed after its last call: the engine recorded nothing. */
async function killedAtTheEnd(): Promise<void> {
  await stack.up(program);
  stack.state = undefined;
  host.calls.length = 0;
}

describe("a create that was killed after its last call", () => {
  beforeEach(killedAtTheEnd);

  test.each(settings)(
    "goes on with the domain where the next program makes the same: %s",
    async (_, change) => {
      const before = structuredClone(host.only);
      const { inputs } = await stack.preview(next(change));
      expect(inputs).toMatchObject({
        memoryPlan: "continues an interrupted create: the domain has 1003 MiB, nothing to do",
        change: "none",
      });
      const [message, ...more] = stack.run.messages;
      expect([message?.severity, more]).toEqual(["warning", []]);
      expect(message?.text).toContain("which a create of this resource finished without recording it");
      expect(await stack.up(next(change))).toBe("create");
      expect([changes(), host.only]).toEqual([[], before]);
      expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1003MiB", nextBootMemory: "1003MiB" });
      expect(await stack.up(next(change))).toBe("same");
    },
  );

  test.each(others)(
    "is refused, and the domain left alone, where the next program makes another: %s",
    async (_, change, part) => {
      const before = structuredClone(host.only);
      const refused = await stack.preview(next(change)).catch((error) => error);
      expect(refused).toBeInstanceOf(CheckFailed);
      expect(refused.message).toContain(
        "(was the state lost or rolled back?), and which differs from the program in ",
      );
      expect(refused.message).toMatch(new RegExp(`differs from the program in ([^;]*, )?${part}[,;/]`));
      expect(refused.message).toContain("set adopt: true to manage it");
      await expect(stack.up(next(change))).rejects.toBeInstanceOf(CheckFailed);
      // A preview without a route to the host refuses nothing; the create does.
      const { inputs } = await unreachable(next(change));
      await expect(stack.run.provider.create(inputs)).rejects.toMatchObject({ code: "name-taken" });
      expect([changes(), host.only, stack.state]).toEqual([[], before, undefined]);
    },
  );

  /** What others did to the domain meanwhile. */
  const meanwhile: [string, () => void, string][] = [
    ["paused it", () => host.change(host.only.uuid, { power: "paused" }), "running"],
    ["shut it down", () => host.turnOff(host.only.uuid), "running"],
    ["turned autostart off", () => host.change(host.only.uuid, { autostart: false }), "autostart"],
    ["undefined it while it runs", () => undefinedLive(), "transient"],
    [
      "added a device",
      () => edit("</devices>", "<hostdev mode='subsystem' type='pci'/></devices>"),
      "devices/hostdev",
    ],
    [
      "added a second channel",
      () => edit("</devices>", "<channel type='unix'><target type='virtio' name='x'/></channel></devices>"),
      "devices/channel",
    ],
    [
      "limited its memory",
      () => edit("<vcpu ", "<memtune><hard_limit>2000000</hard_limit></memtune><vcpu "),
      "memtune",
    ],
    [
      "locked its memory",
      () => edit("<vcpu ", "<memoryBacking><locked/></memoryBacking><vcpu "),
      "memoryBacking",
    ],
    [
      "wrote metadata of their own",
      () => edit("</metadata>", "<mine:x xmlns:mine='urn:mine'/></metadata>"),
      "metadata",
    ],
    [
      "disconnected the interface",
      () => edit("</interface>", "<link state='down'/></interface>"),
      "devices/interface/link",
    ],
    ["set the disk's cache", () => edit("type='qcow2'", "type='qcow2' cache='none'"), "devices/disk/driver"],
    ["added a feature", () => edit("<acpi/>", "<acpi/><pae/>"), "features/pae"],
    ["set the number of online vCPUs", () => edit("id='1' enabled='yes'", "id='1' enabled='no'"), "vcpus"],
  ];

  test.each(meanwhile)("is refused where others %s", async (_, change, part) => {
    change();
    const refused = await stack.preview(program).catch((error) => error);
    expect(refused.message).toMatch(new RegExp(`differs from the program in ([^;]*, )?${part}[,;]`));
    expect(changes()).toEqual([]);
  });

  test("may be adopted, as the refusal proposes", async () => {
    await stack.up({ ...program, memory: "1259MiB", adopt: true });
    expect(readDomain(host.only.live ?? "").memory).toBe(1259 * 1024);
  });

  test("is recorded like a create that wasn't killed, also while the guest hasn't reached its balloon target", async () => {
    const [one, two] = [new FakeHypervisor(), new FakeHypervisor()];
    const ballooned = { ...program, currentMemory: "512MiB" };
    const recorded: object[] = [];
    for (const other of [one, two]) {
      other.guestObeysBalloon = false;
      const fresh = new OneResource(other);
      await fresh.up(ballooned);
      if (other === two) {
        fresh.state = undefined;
        await fresh.up(ballooned);
      }
      expect(await fresh.up(ballooned)).toBe("same");
      recorded.push({ ...fresh.recorded.outputs, memoryPlan: undefined });
    }
    expect(recorded[1]).toEqual(recorded[0]);
  });

  test("isn't compared while a value isn't known", async () => {
    const { inputs } = await stack.preview({ ...program, description: UNKNOWN });
    expect(inputs.change).toBe("unknown");
  });

  function undefinedLive(): void {
    const { inactive: _, ...rest } = host.only;
    host.domains.set(rest.uuid, rest);
  }

  function edit(from: string, to: string): void {
    const { uuid, inactive = "" } = host.only;
    expect(inactive).toContain(from);
    host.change(uuid, { inactive: inactive.replace(from, to) });
  }
});

async function unreachable(args: object) {
  const { hosts } = stack;
  stack.hosts = { "qemu:///system": new Error("nobody answers") };
  const previewed = await stack.preview({ ...args });
  stack.hosts = hosts;
  stack.run = new OneResource(host).run;
  return previewed;
}

test("two stacks of the same name: the second one takes nothing over silently, and nothing that differs", async () => {
  const [mine, yours] = [stack, new OneResource(host)];
  await mine.up(program);
  await mine.up({ ...program, memory: "1259MiB" });
  const before = structuredClone(host.only);
  for (const memory of ["1003MiB", "1515MiB"])
    await expect(yours.up({ ...program, memory })).rejects.toThrow("set adopt: true to manage it");
  expect(host.only).toEqual(before);
  expect(await mine.up({ ...program, memory: "1259MiB" })).toBe("same");

  const theirs = new OneResource(new FakeHypervisor());
  await theirs.up(program);
  const twin = new OneResource(theirs.hosts["qemu:///system"] as FakeHypervisor);
  await twin.preview(program);
  expect(twin.run.messages).toMatchObject([{ urn: URN, severity: "warning" }]);
  expect(twin.run.said[0]).toContain(
    "if another stack of this name manages it, rename one of the two stacks",
  );
});

/** A create whose process was killed right after it started the domain, which is marked as unfinished. */
describe("a create that was killed after the start", () => {
  beforeEach(async () => {
    const undisturbed = new FakeHypervisor();
    await new OneResource(undisturbed).up(program);
    host.death = { call: undisturbed.calls.indexOf("start") + 1, carriedOut: true };
    await stack.up(program).catch(() => undefined);
    host.death = undefined;
    stack.state = undefined;
    host.calls.length = 0;
    expect(readDomain(host.only.live ?? "").ownership?.creating).toBe(true);
  });

  test("says in the preview that it goes on", async () => {
    const { inputs } = await stack.preview(program);
    expect(inputs.memoryPlan).toBe(
      "continues an interrupted create: the domain runs with 1003 MiB, nothing to do",
    );
    expect(stack.run.said).toEqual([
      `continues with domain web-1 (${host.only.uuid}), which an interrupted create left`,
    ]);
    expect(changes()).toEqual([]);
    await stack.up(program);
    expect(await stack.up(program)).toBe("same");
  });

  test("sets the balloon target of the next program", async () => {
    await stack.up({ ...program, currentMemory: "512MiB" });
    expect(readDomain(host.only.live ?? "").currentMemory).toBe(512 * 1024);
    expect(await stack.up({ ...program, currentMemory: "512MiB" })).toBe("same");
  });

  test.each([true, false])("sets autostart as the next program wants it: %s", async (autostart) => {
    host.change(host.only.uuid, { autostart: !autostart });
    await stack.up({ ...program, autostart });
    expect(host.only.autostart).toBe(autostart);
  });

  test.each(settings)("goes on with another program that makes the same: %s", async (_, change) => {
    expect(await stack.up(next(change))).toBe("create");
    expect(await stack.up(next(change))).toBe("same");
  });

  test("is refused under another name", async () => {
    await expect(stack.up({ ...program, name: "front" })).rejects.toThrow(
      'and which differs from the program in name; set adopt: true and name: "web-1" to manage it',
    );
  });
});

describe("a guest that goes off before its create has ended", () => {
  test.each(["create", "replace"])(
    "is started by the next update, as its preview says: %s",
    async (operation) => {
      const args = { memory: "1003MiB", maxMemory: "8GiB" };
      const host = new FakeHypervisor();
      const stack = new OneResource(host);
      const program = operation === "create" ? args : { ...args, memory: "900MiB" };
      if (operation === "replace") await stack.up(args);
      const { setMetadata } = host;
      // The last of the calls marks the domain as finished.
      host.setMetadata = async function (domain, ...more) {
        const { power } = await this.state(domain);
        const isLast =
          power === "running" && readDomain(this.only.inactive ?? "").ownership?.creating === true;
        if (!isLast) return setMetadata.call(this, domain, ...more);
        this.turnOff(domain.uuid);
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
      };
      await expect(stack.up(program)).rejects.toThrow("domain is not running; the next update continues");
      host.setMetadata = setMetadata;
      expect(await stack.up(program)).toBe("update");
      expect(stack.run.said).toContain("live: start the domain, which is off");
      expect(host.only.power).toBe("running");
      expect(await stack.up(program)).toBe("same");
    },
  );
});
