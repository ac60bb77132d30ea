import { ErrorCode, LibvirtError } from "../../provider/libvirt/errors.ts";
import type { AgentCommand, DomainRef, PowerState } from "../../provider/libvirt/hypervisor.ts";
import { type Procedure, procedures } from "../../provider/libvirt/procedures.ts";
import { type Call, type FakeDaemon, fakeDaemon, type Handlers } from "../libvirt/fake-daemon.ts";
import type { FakeHypervisor } from "./fake-hypervisor.ts";
import { libvirtError } from "./libvirt-error.ts";

/** In the order of virDomainState. */
const STATES: PowerState[] = [
  "nostate",
  "running",
  "blocked",
  "paused",
  "shutdown",
  "shutoff",
  "crashed",
  "pmsuspended",
];

/** Of virDomainXMLFlags, virDomainModificationImpact and virDomainUndefineFlags. */
const INACTIVE = 2;
const [LIVE, CONFIG] = [1, 2];
const KEEP_NVRAM = 16;

const where = (flags: number) => ({ live: (flags & LIVE) !== 0, config: (flags & CONFIG) !== 0 });
const NO_JOB = { type: 0, timeElapsed: 0n, timeRemaining: 0n };
const NO_FIGURES = {
  ...{ dataTotal: 0n, dataProcessed: 0n, dataRemaining: 0n, memTotal: 0n, memProcessed: 0n },
  ...{ memRemaining: 0n, fileTotal: 0n, fileProcessed: 0n, fileRemaining: 0n },
};

/** The fake hypervisor as a daemon that a process connects to. Events are not sent. */
export function fakeLibvirtd(host: FakeHypervisor): Promise<FakeDaemon> {
  const handlers: Handlers = {};
  const on = <A, R>(procedure: Procedure<A, R>, answer: (args: A) => R | Promise<R>) => {
    handlers[procedure.number] = (call: Call) => {
      Promise.resolve()
        .then(() => answer(call.args(procedure)))
        .then(
          (reply) => call.reply(procedure, reply),
          (error: unknown) => call.error(fieldsOf(error)),
        );
    };
  };
  /** For calls that answer nothing. */
  const does = <A>(procedure: Procedure<A, object>, act: (args: A) => Promise<unknown>) =>
    on(procedure, async (args) => {
      await act(args);
      return {};
    });
  const there = (found: DomainRef | undefined) => {
    if (found === undefined) throw libvirtError(ErrorCode.NO_DOMAIN, "Domain not found");
    return { domain: found };
  };

  on(procedures.lookupByUuid, async ({ uuid }) => there(await host.findByUuid(uuid)));
  on(procedures.lookupByName, async ({ name }) => there(await host.findByName(name)));
  on(procedures.listDomains, async () => {
    const domains = await host.list();
    return { domains, count: domains.length };
  });
  on(procedures.state, async ({ domain }) => {
    const { power, reason } = await host.state(domain);
    return { state: STATES.indexOf(power), reason };
  });
  on(procedures.isActive, async ({ domain }) => ({ active: (await host.isActive(domain)) ? 1 : 0 }));
  on(procedures.jobInfo, async ({ domain }) => {
    const type = (await host.hasJob(domain)) ? 2 : 0;
    return { ...NO_JOB, ...NO_FIGURES, type };
  });
  on(procedures.xml, async ({ domain, flags }) => ({
    xml: await host.xml(domain, { inactive: (flags & INACTIVE) !== 0 }),
  }));
  on(procedures.isPersistent, async ({ domain }) => ({
    persistent: (await host.isPersistent(domain)) ? 1 : 0,
  }));
  on(procedures.define, async ({ xml }) => ({ domain: await host.define(xml) }));
  does(procedures.undefine, ({ domain, flags }) =>
    host.undefine(domain, { keepsFiles: (flags & KEEP_NVRAM) !== 0 }),
  );
  on(procedures.createXml, async ({ xml }) => ({ domain: await host.createTransient(xml) }));
  on(procedures.create, async ({ domain }) => ({ domain: await host.start(domain) }));
  on(procedures.hasManagedSave, async ({ domain }) => ({
    result: (await host.hasManagedSave(domain)) ? 1 : 0,
  }));
  does(procedures.shutdown, ({ domain }) => host.shutdown(domain));
  does(procedures.destroy, ({ domain }) => host.destroy(domain));
  does(procedures.suspend, ({ domain }) => host.suspend(domain));
  does(procedures.resume, ({ domain }) => host.resume(domain));
  on(procedures.autostart, async ({ domain }) => ({ autostart: (await host.autostart(domain)) ? 1 : 0 }));
  does(procedures.setAutostart, ({ domain, autostart }) => host.setAutostart(domain, autostart !== 0));
  does(procedures.attachDevice, ({ domain, xml, flags }) => host.attachDevice(domain, xml, where(flags)));
  does(procedures.detachAlias, ({ domain, alias, flags }) => host.detachDevice(domain, alias, where(flags)));
  does(procedures.updateDevice, ({ domain, xml, flags }) => host.updateDevice(domain, xml, where(flags)));
  does(procedures.setMemory, ({ domain, memory, flags }) =>
    host.setMemory(domain, Number(memory), where(flags)),
  );
  does(procedures.setMetadata, ({ domain, metadata, key, uri, flags }) => {
    const element = { namespace: uri ?? "", prefix: key ?? "", xml: metadata ?? undefined };
    return host.setMetadata(domain, element, where(flags));
  });
  on(procedures.agentCommand, async ({ domain, command }) => {
    const result = await host.agentCommand(domain, JSON.parse(command) as AgentCommand);
    return { result: JSON.stringify({ return: result }) };
  });
  on(procedures.memoryStats, () => ({ stats: [] }));
  on(procedures.nodeMemoryStats, async () => {
    const figures = Object.entries(await host.nodeMemory());
    const stats = figures.map(([field, value]) => ({ field, value: BigInt(value) }));
    return { stats, nparams: stats.length };
  });
  on(procedures.nodeFreePages, async ({ pages, startCell }) => ({
    counts: [BigInt(await host.freePages(pages[0] ?? 4, startCell))],
  }));
  on(procedures.capabilities, async () => ({ capabilities: await host.capabilities() }));
  on(procedures.domainCapabilities, async ({ type, arch, machine }) => {
    const kind = { type: type ?? "qemu", arch: arch ?? "x86_64", ...(machine ? { machine } : {}) };
    return { capabilities: await host.domainCapabilities(kind) };
  });
  on(procedures.toNative, async ({ xml }) => {
    await host.toNative(xml);
    return { config: "" };
  });
  on(procedures.lookupNetwork, async ({ name }) => {
    if ((await host.networkState(name)) === "missing")
      throw libvirtError(ErrorCode.NO_NETWORK, "Network not found");
    return { network: { name, uuid: "0".repeat(32) } };
  });
  on(procedures.isNetworkActive, async ({ network: { name } }) => ({
    active: (await host.networkState(name)) === "active" ? 1 : 0,
  }));
  on(procedures.nodeDevices, async ({ capability }) => ({
    names: await host.nodeDevices(capability ?? ""),
  }));
  on(procedures.registerEvent, () => ({ callbackId: 1 }));
  does(procedures.deregisterEvent, async () => {});
  return fakeDaemon(handlers);
}

function fieldsOf(error: unknown) {
  if (!(error instanceof LibvirtError)) return { message: String(error) };
  return { code: error.code, message: error.message };
}
