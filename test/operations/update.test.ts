import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import type { DomainState } from "../../provider/domain/state.ts";
import { ConnectionError, ErrorCode } from "../../provider/libvirt/errors.ts";
import { forgetCalls } from "../support/changes.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import { notShutDown } from "../support/texts.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };
const grown = { ...args, memory: "1259MiB" };
const MIB = 1024;

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  forgetCalls(host);
});

const live = (): DomainState => readDomain(host.only.live ?? "");
const nextBoot = (): DomainState => readDomain(host.only.inactive ?? "");
const count = (call: string) => host.calls.filter((name) => name === call).length;

/** How often the domain itself was defined: a probe of a definition has a UUID of its own. */
const defines = () =>
  host.calls.filter((name, index) => name === "define" && host.about[index] === host.only.uuid).length;

/** Changes the definition like virsh edit. */
function byHand(edit: (xml: string) => string): void {
  host.change(host.only.uuid, { inactive: edit(host.only.inactive ?? "") });
}

describe("an update of memory", () => {
  test("attaches, sets the definition, and records what was read back; a second one does nothing", async () => {
    expect(await stack.up(grown)).toBe("update");
    expect(live()).toMatchObject({
      memory: 1259 * MIB,
      cells: [{ memory: 1003 * MIB }],
      devices: [{ model: "dimm", size: 256 * MIB, node: 0, slot: 0, alias: "ua-pulumi-dimm0" }],
    });
    expect(nextBoot()).toMatchObject({
      memory: 1259 * MIB,
      currentMemory: 1259 * MIB,
      cells: [{ memory: 1259 * MIB }],
      devices: [],
    });
    expect(stack.recorded.outputs).toMatchObject({
      memory: "1259MiB",
      liveMemory: "1259MiB",
      nextBootMemory: "1259MiB",
      memoryDevices: [{ model: "dimm", size: "256MiB", slot: 0, node: 0, alias: "ua-pulumi-dimm0" }],
      reachable: [{ from: "1515MiB", to: "8171MiB", step: "256MiB" }],
    });
    expect(await stack.up({ ...args, memory: 1259 })).toBe("same");
    expect([count("attachDevice"), host.domains.size]).toEqual([1, 1]);
  });

  test("shows each step on the resource's row while it runs", async () => {
    await stack.up(grown);
    const statuses = stack.run.messages.filter(({ severity }) => severity === "status");
    expect(statuses.map(({ text }) => text)).toEqual([
      "attach a 256 MiB DIMM in slot 0, node 0",
      "set the definition to 1259 MiB of base memory for the next boot",
    ]);
  });

  test("up to maxMemory leaves maxMemory out of the definition", async () => {
    await stack.up({ ...args, memory: "8171MiB", maxMemory: "8171MiB" });
    expect(nextBoot().maxMemory).toBeUndefined();
    expect(await stack.up({ ...args, memory: "8171MiB", maxMemory: "8171MiB" })).toBe("same");
  });

  test("keeps what other tools changed in the definition, including passwords that need the secure flag", async () => {
    byHand((xml) =>
      xml.replace("</devices>", "<graphics type='vnc' passwd='hush'/></devices><!-- by hand -->"),
    );
    await stack.up({ ...grown, description: "shop" });
    expect(host.only.inactive).toContain("<graphics type='vnc' passwd='hush'/>");
    expect(host.only.inactive).toContain("<!-- by hand -->");
    expect(host.only.inactive).toContain("<description>shop</description>");
    expect(JSON.stringify([stack.recorded, stack.run.messages])).not.toContain("hush");
  });

  test("of a domain that is off changes only its definition", async () => {
    await stack.up({ ...args, running: false });
    await stack.up({ ...args, running: false, memory: "1300MiB" });
    expect([nextBoot().memory, count("attachDevice"), host.only.power]).toEqual([1300 * MIB, 0, "shutoff"]);
  });

  test("that no longer exists is an error", async () => {
    await expect(stack.up(grown, () => host.domains.clear())).rejects.toThrow(
      `Unable to update domain web-1: ${stack.recorded.id} no longer exists on qemu:///system`,
    );
  });
});

describe("an update of other arguments", () => {
  test("edits the definition, and not the running domain", async () => {
    const running = host.only.live;
    await stack.up({ ...args, maxVcpus: 16, description: "shop", autostart: true });
    expect(nextBoot().vcpus).toBe(16);
    expect(host.only).toMatchObject({ live: running, autostart: true });
    expect(await stack.up({ ...args, maxVcpus: 16, description: "shop", autostart: true })).toBe("same");
  });

  test("that are settings only writes only the state", async () => {
    const before = structuredClone(host.domains);
    expect(await stack.up({ ...args, shutdownTimeout: 5 })).toBe("update");
    expect([host.domains, stack.recorded.outputs.shutdownTimeout]).toEqual([before, 5]);
    expect(host.calls.filter((call) => /^(define|start|set|attach|destroy|shutdown)/.test(call))).toEqual([]);
  });

  test("shuts down and starts", async () => {
    expect(await stack.up({ ...args, running: false })).toBe("update");
    expect([host.only.power, stack.recorded.outputs.state]).toEqual(["shutoff", "shutoff"]);
    expect(await stack.up({ ...args, running: false })).toBe("same");
    expect(await stack.up(args)).toBe("update");
    expect([host.only.power, host.subscriptions, count("destroy")]).toEqual(["running", 0, 0]);
  });

  test("never forces off a guest that doesn't shut down", async () => {
    host.guestObeysShutdown = false;
    await expect(stack.up({ ...args, running: false, vcpus: 4, shutdownTimeout: 7 })).rejects.toThrow(
      `Unable to shut the domain down (running: false) (domain web-1): ${notShutDown(7)}`,
    );
    expect([host.only.power, nextBoot().currentVcpus, host.subscriptions]).toEqual(["running", 2, 0]);
    expect([count("destroy"), defines(), stack.recorded.isPartial]).toEqual([0, 0, true]);
  });

  test("of the XML rewrites the definition", async () => {
    await stack.up({ ...args, xml: "<domain><title>one</title></domain>" });
    expect(host.only.inactive).toContain("<title>one</title>");
    await stack.up({ ...args, xml: "<domain><title>two</title></domain>" });
    expect(host.only.inactive).toContain("<title>two</title>");
    await stack.up(args);
    expect(host.only.inactive).not.toContain("<title>");
    expect(await stack.up(args)).toBe("same");
  });

  test("a URI where the same domain exists is a setting, another host is an error", async () => {
    const uri = "qemu+ssh://host/system";
    const elsewhere = new FakeHypervisor();
    stack.hosts = { ...stack.hosts, [uri]: host, "qemu+ssh://else/system": elsewhere };
    await expect(stack.up({ ...args, uri: "qemu+ssh://else/system" })).rejects.toThrow(
      `uri can't change from qemu:///system to qemu+ssh://else/system: domain web-1 (${stack.recorded.id}) must exist there too, but that host has no such domain`,
    );
    await expect(stack.up({ ...args, uri: "qemu+ssh://nobody/system" })).rejects.toThrow(
      "that host can't be reached: nobody answers at qemu+ssh://nobody/system",
    );
    expect(await stack.up({ ...args, uri })).toBe("update");
    expect([stack.recorded.outputs.uri, stack.run.said]).toEqual([uri, ["setting only: uri"]]);
    expect(await stack.up({ ...args, uri })).toBe("same");
    expect(await stack.up(args)).toBe("same");
  });
});

describe("update never does more than was previewed", () => {
  test("a domain that someone restarted without maxMemory", async () => {
    const restart = () => {
      byHand((xml) => xml.replace(/<maxMemory.*<\/maxMemory>/, ""));
      host.turnOff(host.only.uuid);
      host.boot(host.only.uuid);
    };
    await expect(stack.up(grown, restart)).rejects.toMatchObject({
      code: "domain-changed",
      message: expect.stringMatching(/^refused: .*\nplanned: "live: .*"\nnow: "replace: .*"/),
    });
    expect([live().memory, count("attachDevice"), defines(), count("shutdown")]).toEqual([
      1003 * MIB,
      0,
      0,
      0,
    ]);
    expect(stack.recorded.isPartial).toBe(false);
  });

  test("a domain that someone shut down isn't hot-plugged, and the next preview starts it with the new size", async () => {
    await stack.up(grown, () => host.turnOff(host.only.uuid));
    expect([host.only.power, nextBoot().memory, count("start")]).toEqual(["shutoff", 1259 * MIB, 0]);
    expect(stack.run.said.at(-1)).toBe(
      "not done, since the preview didn't announce it: start the domain, which is off; run pulumi up again to preview and apply it",
    );
    expect(await stack.up(grown)).toBe("update");
    expect([live().memory, live().devices, count("attachDevice")]).toEqual([1259 * MIB, [], 0]);
    expect(await stack.up(grown)).toBe("same");
  });

  test("a DIMM that someone attached meanwhile is counted", async () => {
    const uuid = host.only.uuid;
    const plug = () =>
      host.change(uuid, {
        live: (host.only.live ?? "").replace(
          "</devices>",
          "<memory model='dimm'><target><size unit='MiB'>256</size><node>0</node></target><address type='dimm' slot='0'/></memory></devices>",
        ),
      });
    await stack.up(grown, plug);
    expect([live().memory, live().devices.length, nextBoot().memory]).toEqual([1259 * MIB, 1, 1259 * MIB]);
  });
});

describe("an update that fails in the middle", () => {
  const refusal = libvirtError(ErrorCode.XML_ERROR, "XML error: no");

  test("with nothing done is an error, and the state stays", async () => {
    const before = structuredClone(stack.recorded);
    host.refuses.set("attachDevice", libvirtError(ErrorCode.OPERATION_FAILED, "no memory left"));
    await expect(stack.up(grown)).rejects.toThrow(
      "Unable to attach a 256 MiB DIMM in slot 0, node 0 (domain web-1): no memory left",
    );
    expect(stack.recorded).toEqual(before);
    expect([live().memory, nextBoot().memory]).toEqual([1003 * MIB, 1003 * MIB]);
  });

  test("records what was done; the old definition stays, and the next update continues", async () => {
    const definition = host.only.inactive;
    host.refuses.set(`define ${host.only.uuid}`, refusal);
    await expect(stack.up({ ...grown, vcpus: 4 })).rejects.toThrow(
      "Unable to set the definition to 1259 MiB of base memory and 4 of 8 vCPUs for the next boot (domain web-1): XML error: no (already done: attach a 256 MiB DIMM in slot 0, node 0; add 2 vCPUs to the running domain (4 of at most 8))",
    );
    expect(host.only.inactive).toBe(definition);
    expect(stack.recorded).toMatchObject({
      isPartial: true,
      inputs: { memory: "1003MiB", vcpus: 2 },
      outputs: {
        __provider: "exports.handler = …",
        liveMemory: "1259MiB",
        nextBootMemory: "1003MiB",
        pendingMemory: "1003MiB",
        vcpus: 2,
      },
    });
    host.refuses.clear();
    expect(await stack.up({ ...grown, vcpus: 4 })).toBe("update");
    expect([live().memory, nextBoot().memory, nextBoot().currentVcpus]).toEqual([1259 * MIB, 1259 * MIB, 4]);
    expect(await stack.up({ ...grown, vcpus: 4 })).toBe("same");
    expect(count("attachDevice")).toBe(1);
  });

  test("has the id, properties and reasons by which Pulumi recognizes a partial success", async () => {
    host.refuses.set(`define ${host.only.uuid}`, refusal);
    const error = await stack.up(grown).catch((error: unknown) => error);
    expect(error).toMatchObject({
      id: stack.recorded.id,
      properties: { __provider: "exports.handler = …", __stateVersion: 3 },
      reasons: [expect.stringContaining("XML error: no")],
    });
    expect((error as Error).stack).toBe("");
  });

  test("a start that fails is an error, not a warning", async () => {
    await stack.up({ ...args, running: false });
    host.refuses.set("start", refusal);
    await expect(stack.up(args)).rejects.toThrow(
      "Unable to start the domain, which is off (domain web-1): XML error: no",
    );
    expect(stack.recorded.outputs.state).toBe("shutoff");
    host.refuses.clear();
    await stack.up(args);
    expect(host.only.power).toBe("running");
  });

  test("records what was done even if the connection breaks afterwards", async () => {
    host.refuses.set(`define ${host.only.uuid}`, refusal);
    const answer = host.findByUuid.bind(host);
    host.findByUuid = (uuid) => (defines() > 0 ? Promise.reject(new ConnectionError("gone")) : answer(uuid));
    await expect(stack.up(grown)).rejects.toThrow("XML error: no");
    expect(stack.recorded).toMatchObject({ isPartial: true, outputs: { liveMemory: "1259MiB" } });
  });
});
