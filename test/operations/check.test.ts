import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { CheckFailed, OneResource, Run, URN, wire } from "../support/one-resource.ts";
import { GROW, NOT_ALIGNED } from "../support/texts.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

async function failures(change: Record<string, unknown>) {
  const failed = await stack.preview({ ...args, ...change }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failed instanceof CheckFailed)) throw new Error(`expected check to fail, got ${failed}`);
  return failed.failures;
}

describe("the URI of the stack's configuration, for a program without one", () => {
  const check = async (config: Record<string, string>) => {
    const run = new Run({}, config);
    const checked = await run.provider.check?.({}, wire({ ...args, __urn: URN }));
    return checked?.failures ?? [];
  };
  const tcp = { "libvirt:uri": "qemu+tcp://host/system" };

  test.each([
    ["an unknown driver", "xen:///system", /the driver is "xen"/],
    [
      "plain TCP to another host",
      "qemu+tcp://host/system",
      /^is refused: transport tcp sends everything unencry/,
    ],
  ])("%s fails the preview", async (_, uri, reason) => {
    expect(await check({ "libvirt:uri": uri })).toEqual([
      { property: "uri", reason: expect.stringMatching(reason) },
    ]);
  });

  test("plain TCP that the stack allows", async () => {
    expect(await check({ ...tcp, "libvirt-hotplug:allowPlainTcp": "true" })).toEqual([]);
    expect(await check({ ...tcp, "libvirt-hotplug:allowPlainTcp": "false" })).toHaveLength(1);
  });
});

describe("check refuses without a call to a host", () => {
  test.each([
    ["xen:///system", "the driver xen is not supported", "uri"],
    ["qemu+libssh2://host/system", "libssh2", "uri"],
    ["qemu+tcp://host/system", "unencrypted", "uri"],
    // Pulumi's engine would print the value of the property, which may have a password.
    ["qemu:///system?colour=red", "colour", ""],
    ["qemu+ssh://me:hunter2@host/system", "uri", ""],
    ["", "libvirt URI", "uri"],
  ])("the URI %j", async (uri, words, property) => {
    const [failure] = await failures({ uri });
    expect(failure).toMatchObject({ property });
    expect(failure?.reason).toContain(words.split(" ")[0]);
    expect(stack.run.connections).toEqual([]);
  });

  test.each([
    ["malformed", "<domain>", /^malformed XML at line 1/],
    ["no domain", "<network/>", /^expected a <domain>, found <network>$/],
    [
      "another memory",
      "<domain><memory unit='GiB'>2</memory></domain>",
      /^has <memory> 2048 MiB, but memory is 1003 MiB$/,
    ],
    [
      "another ceiling",
      "<domain><maxMemory slots='16' unit='GiB'>4</maxMemory></domain>",
      /^has <maxMemory> 4096 MiB, but maxMemory is 8192 MiB$/,
    ],
    ["other vCPUs", "<domain><vcpu>4</vcpu></domain>", /^has <vcpu> 4, but vcpus is 2$/],
    ["another name", "<domain><name>front</name></domain>", /^has <name> "front", but name is "shop"$/],
  ])("XML that is %s", async (_, xml, reason) => {
    const [failure, ...others] = await failures({ xml, vcpus: 2, name: "shop" });
    expect(others).toEqual([]);
    expect(failure).toEqual({ property: "xml", reason: expect.stringMatching(reason) });
  });

  test("for a reason that is short and has no control characters, whatever it quotes", async () => {
    const [failure] = await failures({ uri: `qemu:///system?x\u009b31m=${"y".repeat(7000)}` });
    expect(failure?.reason.length).toBeLessThan(10_050);
    expect(failure?.reason).not.toMatch(/\p{Cc}/u);
  });

  test("XML with another name is renamed, where the program sets no name", async () => {
    const xml = "<domain><name>template</name></domain>";
    expect(await stack.preview({ ...args, xml })).toMatchObject({ inputs: { name: "web-1" } });
  });

  test("all of them at once", async () => {
    const said = await failures({ memory: "4GB", uri: "xen:///", xml: "<domain>", vcpus: 0 });
    expect(said.map(({ property }) => property)).toEqual(["memory", "vcpus", "uri", "xml"]);
  });

  test("two resources of one stack with the same domain name", async () => {
    const run = new Run(stack.hosts);
    const check = (name: string, more = {}) =>
      run.provider.check?.({}, wire({ ...args, name: "web", ...more, __urn: URN.replace("web-1", name) }));
    expect((await check("a"))?.failures).toEqual([]);
    expect((await check("b"))?.failures).toEqual([
      {
        property: "name",
        reason: `is already used by ${URN.replace("web-1", "a")}; domain names must be unique per host`,
      },
    ]);
    expect((await check("c", { uri: "qemu+ssh://elsewhere/system" }))?.failures).toEqual([]);
    expect((await check("d", { name: UNKNOWN }))?.failures).toEqual([]);
    expect((await check("a", { name: "other" }))?.failures).toEqual([]);
    expect((await check("b"))?.failures).toEqual([]);
  });
});

const numa = [{ memory: "1GiB" }, { memory: "0MiB" }];
const virtioMem = { device: "virtio-mem", targetNode: "spread" };

test.each<[string, object]>([
  ["a platform without hot-plug", { arch: "aarch64", firmware: "bios", currentMemory: "512MiB", numa }],
  [
    "virtio-mem devices",
    { hotplug: virtioMem, numa: Array.from({ length: 12 }, () => ({ memory: "1GiB" })) },
  ],
  ["an adoption", { name: "n".repeat(200), adopt: true, memory: "1GiB" }],
])("memoryPlan of a new domain fits on a row: %s", async (_, change) => {
  const unreachable = new OneResource(new Error("unreachable"));
  const { inputs } = await unreachable.preview({ maxMemory: "64GiB", ...change });
  const memoryPlan = String(inputs.memoryPlan);
  expect(memoryPlan).toMatch(/^(starts with \d+ GiB|adopts )/);
  expect(memoryPlan.length).toBeLessThanOrEqual(120);
});

const nodesInXml = (count: number) =>
  `<domain type='kvm'><cpu><numa>${Array.from({ length: count }, (_, id) => `<cell id='${id}' memory='${512 * 1024}' unit='KiB'/>`).join("")}</numa></cpu></domain>`;

test.each([
  ["<domain type='kvm'/>", 1, "is 1, but the domain only has node 0"],
  [nodesInXml(2), 2, "is 2, but the domain has nodes 0 to 1"],
])("a target node that XML without it doesn't have is refused: %s", async (xml, targetNode, reason) => {
  const program = { memory: 1024, xml, hotplug: { targetNode } };
  await expect(stack.preview(program)).rejects.toMatchObject({
    failures: [{ property: "hotplug.targetNode", reason }],
  });
});

test("a program without numa has the nodes of its XML", async () => {
  const program = { memory: 1024, xml: nodesInXml(2), hotplug: { targetNode: 1, awaitGuest: false } };
  await stack.up(program);
  await stack
    .up({ ...program, memory: 1280, xml: nodesInXml(2).replaceAll(/<cpu>.*<\/cpu>/g, "") })
    .catch(() => {});
  expect(readDomain(host.only.inactive ?? "").cells.map(({ memory }) => memory / 1024)).toEqual([512, 512]);
});

describe("memoryPlan", () => {
  test.each([
    [{}, "starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB"],
    [{ memorySlots: 4, maxMemory: "2GiB" }, "starts with 1003 MiB; room for 4 DIMMs, up to 2 GiB"],
    [{ maxMemory: "1003MiB" }, "starts with 1003 MiB; without room to grow while it runs"],
    [{ memory: UNKNOWN }, "not known yet"],
  ])("of a new domain with %j: %s", async (change, sentence) => {
    expect((await stack.preview({ ...args, ...change })).inputs.memoryPlan).toBe(sentence);
    // Whether the name and the UUID are free, what an earlier run left, and what the host supports and libvirt refuses if everything
    // is known.
    const support = sentence === "not known yet" ? [] : ["capabilities", "domainCapabilities", "toNative"];
    expect(new Set(host.calls)).toEqual(new Set(["findByUuid", "list", "findByName", ...support]));
  });

  test("is kept while no memory argument changes", async () => {
    await stack.up(args);
    await stack.up({ ...args, memory: "1259MiB" });
    const { memoryPlan } = stack.recorded.inputs;
    expect(memoryPlan).toBe(GROW);
    const { inputs } = await stack.preview({
      ...args,
      memory: "1259MiB",
      vcpus: 3,
      hotplug: { alignment: 128 },
    });
    expect(inputs.memoryPlan).toBe(memoryPlan);
  });

  test("says that nothing is left to do if someone else has done it", async () => {
    await stack.up(args);
    await stack.up({ ...args, memory: "1259MiB" });
    stack.recorded.inputs.memory = "1003MiB";
    const { inputs } = await stack.preview({ ...args, memory: "1259MiB" });
    expect(inputs.memoryPlan).toBe("1259 MiB: nothing to do");
  });

  test("of a size that isn't known yet", async () => {
    await stack.up(args);
    const { inputs } = await stack.preview({ ...args, memory: UNKNOWN });
    const headline = "unknown: live if possible, otherwise replace (depends on a value not known yet)";
    expect(inputs.memoryPlan).toBe(headline);
    expect(stack.run.said).toEqual([headline]);
  });

  test("of a replaced domain has the reason, and its identity stays", async () => {
    await stack.up({ ...args, interfaces: [{ user: true }] });
    const before = stack.recorded;
    expect(await stack.up({ ...args, interfaces: [{ user: true }], memory: "1300MiB" })).toBe("replace");
    const { inputs, id } = stack.recorded;
    expect(inputs.memoryPlan).toBe(NOT_ALIGNED);
    expect([id, inputs.interfaces]).toEqual([before.id, before.inputs.interfaces]);
  });
});

test("nodes whose fields the engine returns in another order are the same nodes", async () => {
  await stack.up({ ...args, numa: [{ memory: "1003MiB", cpus: "0" }] });
  stack.recorded.inputs.numa = [{ cpus: "0", memory: "1003MiB" }];
  await stack.up({ ...args, memory: "1259MiB", numa: [{ memory: "1003MiB", cpus: "0" }] });
  expect(stack.recorded.inputs.memoryPlan).toBe(GROW);
});

test.each([
  ["removed in this update", { numa: [{ memory: "512MiB" }, { memory: "491MiB" }] }, {}],
  ["never set", {}, {}],
])("a target node without numa, which was %s, isn't said to be missing", async (_name, before, change) => {
  await stack.up({ ...args, ...before });
  expect(await failures({ ...change, hotplug: { targetNode: 1 } })).toEqual([
    {
      property: "hotplug.targetNode",
      reason:
        "is 1, but without numa in the program only node 0 is known; set numa to the nodes of the domain",
    },
  ]);
});
