import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../../provider/args/unknown.ts";
import { Monitor } from "../../engine/monitor.ts";
import type { Diagnostic } from "../../engine/report.ts";
import type { FakeDaemon } from "../../libvirt/fake-daemon.ts";
import { buildPackage } from "../../support/build-package.ts";
import { FakeHypervisor } from "../../support/fake-hypervisor.ts";
import { fakeLibvirtd } from "../../support/fake-libvirtd.ts";
import type { Fields } from "../../support/plugin-messages.ts";
import { type PluginProcess, startPlugin } from "../../support/plugin-process.ts";
import { essence, type RecordedCall, recordedCalls } from "./recorded.ts";

let monitor: Monitor;
let said: Diagnostic[];
let host: FakeHypervisor;
let daemon: FakeDaemon;
let plugins: PluginProcess[];

beforeAll(async () => {
  await buildPackage();
  const deployed = { project: "shop", stack: "dev", config: { values: {}, secretKeys: [] } };
  monitor = new Monitor({ ...deployed, preview: false, parallel: 4 }, (diagnostic) => said.push(diagnostic));
  await monitor.listen();
}, 120_000);
afterAll(() => monitor.close());

beforeEach(async () => {
  [said, plugins] = [[], []];
  host = new FakeHypervisor();
  host.placesDimms = true;
  daemon = await fakeLibvirtd(host);
});
afterEach(async () => {
  await Promise.all(plugins.map((plugin) => plugin.stop()));
  await daemon.remove();
});

async function start(): Promise<PluginProcess> {
  const plugin = await startPlugin(monitor.address);
  plugins.push(plugin);
  return plugin;
}

/** What this plugin answers otherwise; of a call of the recording where that depends on it. */
type Better = Fields | ((call: RecordedCall) => Fields);

/**
 * Makes the calls of a command again. `better`: what this plugin answers otherwise, by call.
 *
 * @param attached the process that the command attaches to, which goes on
 */
async function replay(
  name: string,
  better: Partial<Record<string, Better>> = {},
  attached?: PluginProcess,
): Promise<void> {
  const processes = new Map<number, PluginProcess>(attached && [[1, attached]]);
  /** What the plugin answered to the last check of each resource: the engine passes that on. */
  const checked = new Map<unknown, unknown>();
  for (const call of recordedCalls(name, daemon)) {
    const { rpc, request, ...recorded } = call;
    const plugin = processes.get(recorded.process) ?? (await start());
    processes.set(recorded.process, plugin);
    const inputs = checked.get(request.urn);
    const changed: Record<string, Fields> = {
      Handshake: { engine_address: monitor.address },
      Attach: { address: monitor.address },
      ...(inputs ? { Diff: { news: inputs }, Update: { news: inputs }, Create: { properties: inputs } } : {}),
    };
    const answer = await plugin.call(rpc, { ...request, ...changed[rpc] });
    if (rpc === "Check" && "response" in answer) checked.set(request.urn, answer.response.inputs);
    const at = { name, rpc, resource: request.name };
    const otherwise = better[rpc];
    const changes = typeof otherwise === "function" ? otherwise(call) : otherwise;
    expect({ ...at, ...essence(rpc, answer) }).toEqual({ ...at, ...essence(rpc, recorded), ...changes });
  }
  for (const plugin of processes.values()) if (plugin !== attached) await plugin.stop();
}

/** One DIMM of 256 MiB, as a preview knows it. */
const DIMM = { model: "dimm", alias: "ua-pulumi-dimm0", slot: 0, node: 0, size: "256MiB", base: UNKNOWN };
/** The prototype's preview of a create knew none of this. */
function started(size: string, from: string, to: string) {
  const reachable = [{ from, to, step: "256MiB" }];
  return { state: "running", liveMemory: size, nextBootMemory: size, memoryDevices: [], reachable };
}

/**
 * What the prototype didn't know of: a resource that has no domain yet gets room for 4 times its vCPUs. A domain of the prototype's
 * states keeps the maximum that it has, so that nothing of it differs.
 *
 * @param created what else is answered to Create
 */
function withRoom(created: Fields = {}) {
  const Check = (call: RecordedCall): Fields => {
    const isNew = Object.keys(call.request.olds as Fields).length === 0;
    const inputs = inputsIn(call);
    return isNew ? { inputs: { ...inputs, maxVcpus: 4 * vcpusIn(inputs) } } : {};
  };
  const Create = ({ error, request }: RecordedCall): Fields => {
    const properties = request.properties as Fields;
    const room = { maxVcpus: 4 * vcpusIn(properties), reachableVcpus: reachableVcpus(properties) };
    return error ? {} : { ...room, ...created };
  };
  return { Check, Create };
}

function vcpusIn({ vcpus = 1 }: Fields): number {
  return Number(vcpus);
}

/** Of a domain with that room; the outputs of one that is off have none. */
function reachableVcpus(properties: Fields): Fields[] | undefined {
  const vcpus = vcpusIn(properties);
  return properties.running === false ? undefined : [{ from: vcpus + 1, to: 4 * vcpus, step: 1 }];
}

/** Read reports the maximum of the vCPUs as an input too, so that the program that an import generates has it. */
const importedMaximum = (maxVcpus: number) => (recorded: RecordedCall) => ({
  inputs: { ...inputsIn(recorded), maxVcpus },
  maxVcpus,
});

function inputsIn({ rpc, ...recorded }: Omit<RecordedCall, "request">): Fields {
  return essence(rpc, recorded).inputs as Fields;
}

const PLACE = "<address type='dimm' slot='0' base='0x100000000'/>";

/** Another program plugs a DIMM of 256 MiB into the running domain. */
async function plugByHand(alias = "dimm0"): Promise<void> {
  const { name, uuid } = host.only;
  const target = `<target><size unit='MiB'>256</size><node>0</node></target>`;
  const xml = `<memory model='dimm'>${target}<alias name='${alias}'/>${PLACE}</memory>`;
  await host.attachDevice({ name, uuid, id: 1 }, xml, { live: true });
}

/** A domain that virt-install made, and that starts with another size the next time. */
function madeByHand(o: { name: string; uuid: string; live: number; nextBoot: number; max?: number }): void {
  const { name, uuid, max = 8000 } = o;
  const xml = (mib: number) => xmlOf({ name, uuid, size: mib * 1024, max: max * 1024 });
  const definitions = { inactive: xml(o.nextBoot), live: xml(o.live) };
  host.domains.set(uuid, { name, uuid, power: "running", autostart: false, ...definitions });
}

function xmlOf(o: { name: string; uuid: string; size: number; max: number }): string {
  const { name, uuid, size, max } = o;
  return `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>
    <maxMemory slots='8' unit='KiB'>${max}</maxMemory>
    <memory unit='KiB'>${size}</memory><currentMemory unit='KiB'>${size}</currentMemory>
    <vcpu>2</vcpu><os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><features><acpi/></features>
    <cpu><numa><cell id='0' cpus='0-1' memory='${size}' unit='KiB'/></numa></cpu><devices/></domain>`;
}

const UPDATE = 4;
/** Of the domains of the recordings. */
const HAND1 = "1640d2d2-b690-4d4c-869f-1a4b2fd17c51";
const HAND2 = "14b325d3-7ae8-43df-89a0-004be5af2d13";
const WEB = "2f4be305-2cca-57d5-a840-6e9575b4f52a";
const WEB_M = "5963dbbf-6ff4-5d83-997e-1c74d03f9e04";
const ONE = "4a000141-205d-5ec4-9210-a5beeb028869";

describe("answers the CLI's calls as the prototype did, or better", () => {
  test("a domain of a YAML program, from its first preview to its replacement", async () => {
    await replay("create-preview", withRoom(started("512MiB", "768MiB", "4096MiB")));
    await replay("create", withRoom());
    await replay("noop");
    const reachable = [{ from: "1024MiB", to: "4096MiB", step: "256MiB" }];
    // The create above gave the domain its room.
    const vcpus = { reachableVcpus: reachableVcpus({ vcpus: 2 }) };
    await replay("grow-preview", { Update: { memoryDevices: [DIMM], reachable, ...vcpus } });
    await replay("grow-up", { Update: vcpus });
    await replay("replace-preview", withRoom(started("800MiB", "1056MiB", "3872MiB")));
    await replay("replace", withRoom());
    await plugByHand();
    // A refresh records what exists, whether or not the next update can change it.
    await replay("refresh", {
      Diff: { replaces: [], detailedDiff: { memory: { kind: UPDATE, inputDiff: true } } },
    });
    // It was the definition that differed from the program: the plan says so.
    await replay("after-refresh", { Diff: { detailedDiff: {} }, Update: vcpus });
    await replay("check-failure");
  });

  test("a domain made by hand, which becomes a resource", async () => {
    madeByHand({ name: "hand1", uuid: HAND1, live: 1003, nextBoot: 1259 });
    await plugByHand("ua-pulumi-dimm0");
    await replay("import", { Read: importedMaximum(2) });
    await replay("after-import");
    madeByHand({ name: "hand2", uuid: HAND2, live: 1003, nextBoot: 1003 });
    await replay("import-option-and-get", { Read: importedMaximum(2) });
  });

  test("resources of the dynamic provider, and of another provider resource, stay as they are", async () => {
    await replay("migrate-by-alias");
    await replay("explicit-provider");
  });

  test("secrets, unknown values and limits of time", async () => {
    await replay("secrets-unknowns-timeouts", withRoom());
    await replay("ignorechanges-replaceonchanges", withRoom());
  });

  test("a domain that is left where it was imported, and one that is deleted", async () => {
    madeByHand({ name: "hand1", uuid: HAND1, live: 1003, nextBoot: 1259 });
    await plugByHand("ua-pulumi-dimm0");
    madeByHand({ name: "web", uuid: WEB, live: 1056, nextBoot: 1056 });
    await replay("init-failed-next");
    await replay("destroy");
    expect(host.only).toMatchObject({ name: "hand1", power: "running" });
  });

  test("a process that the CLI attaches to, which goes on", async () => {
    madeByHand({ name: "web-m", uuid: WEB_M, live: 512, nextBoot: 768, max: 4096 });
    await plugByHand("ua-pulumi-dimm0");
    const plugin = await start();
    const first = { ...DIMM, base: "0x100000000" };
    const update = {
      memoryDevices: [first, { ...DIMM, alias: "ua-pulumi-dimm1", slot: 1 }],
      reachable: [{ from: "1280MiB", to: "4096MiB", step: "256MiB" }],
    };
    for (const _ of ["one run", "another"]) await replay("attach", { Update: update }, plugin);
    expect(plugin.child.exitCode).toBeNull();
  });

  test("a name that the stack's settings propose", async () => {
    const plugin = await start();
    const names: unknown[] = [];
    // The prototype didn't take the proposal.
    for (const { rpc, request } of recordedCalls("autonaming", daemon)) {
      const answer = await plugin.call(rpc, request);
      if (rpc === "Check") names.push((essence(rpc, answer).inputs as Fields).name);
    }
    expect(names).toEqual(["y3-dev-sec-h31y", "y3-dev-dep-nlnz"]);
  });

  test("a list of the domains of a host", async () => {
    madeByHand({ name: "hand1", uuid: HAND1, live: 1003, nextBoot: 1003 });
    madeByHand({ name: "hand2", uuid: HAND2, live: 1003, nextBoot: 1003 });
    const results = [
      { id: HAND1, name: "hand1" },
      { id: HAND2, name: "hand2" },
    ];
    await replay("list", { List: { results } });
  });

  test("a refusal, and a provider whose configuration isn't known yet", async () => {
    madeByHand({ name: "one", uuid: ONE, live: 640, nextBoot: 640 });
    await replay("diff-error");
    const off = { liveMemory: undefined, nextBootMemory: "512MiB", memoryDevices: [], reachable: [] };
    await replay("unknown-provider-config", withRoom({ state: "shutoff", ...off }));
  });
});
