import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource, URN } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

describe("create", () => {
  test("defines and starts a domain with its owner in the metadata, and reads it back", async () => {
    expect(await stack.up({ ...args, autostart: true })).toBe("create");
    const { only } = host;
    expect(only).toMatchObject({ name: "web-1", power: "running", autostart: true });
    for (const xml of [only.live, only.inactive])
      expect(readDomain(xml ?? "")).toMatchObject({
        type: "kvm",
        memory: 1003 * 1024,
        maxMemory: { size: 8 * 1024 * 1024, slots: 16 },
        cells: [{ id: 0, memory: 1003 * 1024, cpus: "0-7" }],
        vcpus: 8,
        currentVcpus: 2,
        ownership: { version: 1, urn: URN, creating: false },
      });
    const { id, outputs } = stack.recorded;
    expect([id, outputs.uuid]).toEqual([only.uuid, only.uuid]);
    expect(outputs).toMatchObject({
      state: "running",
      uri: "qemu:///system",
      memory: "1003MiB",
      liveMemory: "1003MiB",
      nextBootMemory: "1003MiB",
      memoryDevices: [],
      reachable: [{ from: "1259MiB", to: "8171MiB", step: "256MiB" }],
      __stateVersion: 3,
    });
    expect(outputs).not.toHaveProperty("pendingMemory");
  });

  test("leaves a domain off with running: false", async () => {
    await stack.up({ ...args, running: false });
    expect(host.only.power).toBe("shutoff");
    const { outputs } = stack.recorded;
    expect(outputs).toMatchObject({ state: "shutoff", nextBootMemory: "1003MiB", reachable: [] });
    expect(outputs).not.toHaveProperty("liveMemory");
    expect(readDomain(host.only.inactive ?? "").ownership).toMatchObject({ creating: false });
  });

  test("defines a domain that can't grow without maxMemory and slots", async () => {
    await stack.up({ ...args, maxMemory: "1003MiB" });
    expect(readDomain(host.only.live ?? "").maxMemory).toBeUndefined();
  });

  test("applies the arguments to the program's own XML", async () => {
    const xml =
      "<domain type='qemu'><vcpu>3</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><title>shop</title></domain>";
    await stack.up({ memory: "1003MiB", xml });
    expect(host.only.inactive).toContain("<title>shop</title>");
    expect(readDomain(host.only.inactive ?? "")).toMatchObject({
      type: "qemu",
      machine: "pc",
      vcpus: 3,
      name: "web-1",
      memory: 1003 * 1024,
    });
  });

  test("a definition that libvirt refuses leaves nothing, and shows libvirt's error", async () => {
    host.refuses.set("define", libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "machine 'x' is not supported"));
    await expect(stack.up(args)).rejects.toThrow(
      /^Unable to define domain web-1: machine 'x' is not supported$/,
    );
    expect([host.domains.size, stack.state]).toEqual([0, undefined]);
  });

  test("a start that fails is an error, and leaves nothing", async () => {
    host.refuses.set("start", libvirtError(ErrorCode.SYSTEM_ERROR, "Cannot access '/k': No such file"));
    await expect(stack.up({ ...args, boot: { kernel: "/k" } })).rejects.toThrow(
      /^Unable to start domain web-1: Cannot access '\/k': No such file$/,
    );
    expect([host.domains.size, stack.state]).toEqual([0, undefined]);
  });

  test("shows why the start failed even if the domain can't be undefined, and continues next time", async () => {
    host.refuses.set("start", libvirtError(ErrorCode.SYSTEM_ERROR, "no such file"));
    host.refuses.set("undefine", libvirtError(ErrorCode.OPERATION_FAILED, "busy"));
    await expect(stack.up(args)).rejects.toThrow("Unable to start domain web-1: no such file");
    host.refuses.clear();
    await stack.up(args);
    expect(host.only.power).toBe("running");
  });

  test("without a host is an error, and nothing is recorded", async () => {
    stack.hosts = { "qemu:///system": new Error("nobody answers") };
    await expect(stack.up(args)).rejects.toThrow("nobody answers");
    expect(stack.state).toBeUndefined();
  });
});

describe("a domain that already exists is refused, with its UUID and the way out", () => {
  const uuid = "11111111-2222-3333-4444-555555555555";
  const someone = (urn: string | undefined, creating = false, name = "web-1", id = uuid) => {
    const metadata =
      urn === undefined
        ? ""
        : `<metadata><h:domain xmlns:h='urn:pulumi-libvirt-hotplug:domain:1' version='1' urn='${urn}'${creating ? " creating='true'" : ""}/></metadata>`;
    const xml = `<domain><name>${name}</name><uuid>${id}</uuid>${metadata}<memory>1024</memory></domain>`;
    host.domains.set(id, { name, uuid: id, power: "shutoff", autostart: false, inactive: xml });
  };
  const refused = async () => {
    const before = structuredClone(host.domains);
    const error = await stack.up(args).catch((error: Error) => error.message.trim());
    expect(host.domains).toEqual(before);
    expect(stack.state).toBeUndefined();
    return error;
  };
  const ownUuid = "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c";
  const adopt = "set adopt: true to manage it";
  const remove = "set another name, or undefine that domain (virsh undefine) if it isn't needed";

  test("created by hand", async () => {
    someone(undefined);
    expect(await refused()).toBe(
      `Unable to create domain web-1: the name "web-1" is already used by domain ${uuid}, which this provider doesn't manage; ${adopt}, ${remove}`,
    );
  });

  test("created by another resource, finished or not", async () => {
    const other = URN.replace("web-1", "front");
    for (const creating of [false, true]) {
      someone(other, creating);
      expect(await refused()).toBe(
        `Unable to create domain web-1: the name "web-1" is already used by domain ${uuid}, which belongs to ${other}; set another name or, if the resource was renamed, the resource option aliases`,
      );
    }
  });

  test("created by this resource, and missing in the state", async () => {
    someone(URN, false, "web-1", ownUuid);
    expect(await refused()).toBe(
      `Unable to create domain web-1: the name "web-1" is already used by domain ${ownUuid}, which this resource created but the state doesn't record (was the state lost or rolled back?), and which differs from the program in memory, currentMemory, vcpus, maxVcpus, maxMemory, 11 more; ${adopt}, ${remove}; if Pulumi was asked to replace it (--replace, --target-replace, pulumi state taint), first run pulumi up without that; if memory was added since the domain was started, restart the domain before the replace`,
    );
  });

  test("with this resource's UUID and another name", async () => {
    someone(undefined, false, "front", ownUuid);
    expect(await refused()).toBe(
      `Unable to create domain web-1: the UUID ${ownUuid} is already used by domain ${ownUuid}, which this provider doesn't manage; set adopt: true and name: "front" to manage it, ${remove}`,
    );
  });

  test("unless this resource left it unfinished", async () => {
    someone(URN, true, "web-1", ownUuid);
    await stack.up(args);
    expect(readDomain(host.only.live ?? "")).toMatchObject({
      memory: 1003 * 1024,
      ownership: { urn: URN, creating: false },
    });
  });
});
