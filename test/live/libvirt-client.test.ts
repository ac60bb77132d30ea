import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError, ErrorCode } from "../../provider/libvirt/errors.ts";
import type { DomainEvent, DomainRef, Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { farEnd, NETCAT } from "../libvirt/far-end.ts";

let lab: Lab;
let hypervisor: Hypervisor;
beforeAll(async () => {
  lab = await startLab();
  hypervisor = await connect(lab.uri);
});
afterAll(async () => {
  await hypervisor?.close();
  await lab?.stop();
});
afterEach(async () => {
  for (const domain of await hypervisor.list()) {
    if (domain.id >= 0) await hypervisor.destroy(domain);
    await hypervisor.undefine(domain);
  }
});

const domainXml = (name: string, extra = "") => `<domain type='qemu'>
  <name>${name}</name>
  <maxMemory slots='4' unit='MiB'>1024</maxMemory>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>
  ${extra}
</domain>`;

const dimmXml = (slot: number, mib = 128) => `<memory model='dimm'>
  <target><size unit='MiB'>${mib}</size><node>0</node></target>
  <alias name='ua-pulumi-dimm${slot}'/>
</memory>`;

/** A domain that runs, its guest paused: that costs neither a kernel nor a CPU. */
async function running(name: string): Promise<DomainRef> {
  return hypervisor.start(await hypervisor.define(domainXml(name)), { paused: true });
}

function daemonPid(): number {
  return Number(readFileSync(join(lab.dir, "run", "libvirt", "libvirtd.pid"), "utf8"));
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable("it succeeded"),
    (error) => error,
  );

/** Collects events, and waits for one of a kind. */
function listener() {
  const seen: DomainEvent[] = [];
  let wake = () => {};
  return {
    listen(event: DomainEvent) {
      seen.push(event);
      wake();
    },
    async heard(wanted: (event: DomainEvent) => boolean) {
      while (!seen.some(wanted)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

describe("every call, on a real daemon", () => {
  test("finding, listing, and the host", async () => {
    expect(hypervisor.uri).toBe(lab.uri);
    const domain = await hypervisor.define(domainXml("client-find"));
    expect(domain).toEqual({ name: "client-find", uuid: expect.stringMatching(/^[0-9a-f-]{36}$/), id: -1 });
    expect(await hypervisor.findByName("client-find")).toEqual(domain);
    expect(await hypervisor.findByUuid(domain.uuid)).toEqual(domain);
    expect(await hypervisor.list()).toEqual([domain]);
    expect(await hypervisor.findByName("client-missing")).toBeUndefined();
    expect(await hypervisor.findByUuid("00000000-0000-4000-8000-000000000000")).toBeUndefined();
    expect((await lab.virsh("version")).replaceAll(".", "")).toContain(
      String(await hypervisor.version()).slice(0, 1),
    );
    expect(await hypervisor.capabilities()).toMatch(/^<capabilities>[\s\S]*<\/capabilities>\s*$/);
    const q35 = { type: "qemu", arch: "x86_64", machine: "q35" };
    expect(await hypervisor.domainCapabilities(q35)).toMatch(
      /^<domainCapabilities>[\s\S]*<machine>pc-q35-[\s\S]*<\/domainCapabilities>\s*$/,
    );
    expect(await failure(hypervisor.domainCapabilities({ ...q35, machine: "pc-q35-99.9" }))).toMatchObject({
      code: ErrorCode.INVALID_ARG,
      message: expect.stringContaining("the machine 'pc-q35-99.9' is not supported by emulator"),
    });
  });

  test("a name with every kind of character comes back as it went", async () => {
    const name = "größer & <später> 🐧 'x'";
    const domain = await hypervisor.define(domainXml(name.replaceAll("&", "&amp;").replaceAll("<", "&lt;")));
    expect(domain.name).toBe(name);
    expect(await hypervisor.findByName(name)).toEqual(domain);
  });

  test("life and death", async () => {
    const defined = await hypervisor.define(domainXml("client-life"));
    expect(await hypervisor.state(defined)).toEqual({ power: "shutoff", reason: expect.any(Number) });
    expect(await hypervisor.isPersistent(defined)).toBe(true);
    const started = await hypervisor.start(defined, { paused: true });
    expect(started).toEqual({ ...defined, id: expect.any(Number) });
    expect(started.id).toBeGreaterThan(0);
    expect((await hypervisor.state(started)).power).toBe("paused");
    await hypervisor.resume(started);
    expect((await hypervisor.state(started)).power).toBe("running");
    // The firmware does not listen to the power button: the request is all that can be seen.
    await hypervisor.shutdown(started);
    await hypervisor.suspend(started);
    expect((await hypervisor.state(started)).power).toBe("paused");
    await hypervisor.destroy(started);
    expect((await hypervisor.state(started)).power).toBe("shutoff");
    await hypervisor.undefine(started);
    expect(await hypervisor.findByUuid(defined.uuid)).toBeUndefined();
  });

  test("autostart", async () => {
    const domain = await hypervisor.define(domainXml("client-autostart"));
    expect(await hypervisor.autostart(domain)).toBe(false);
    await hypervisor.setAutostart(domain, true);
    expect(await hypervisor.autostart(domain)).toBe(true);
    await hypervisor.setAutostart(domain, false);
    expect(await hypervisor.autostart(domain)).toBe(false);
  });

  test("a password is in the XML only when it is asked for", async () => {
    const graphics = "<devices><graphics type='vnc' passwd='sesame'/></devices>";
    const domain = await hypervisor.define(domainXml("client-secret", graphics));
    expect(await hypervisor.xml(domain, { inactive: true })).not.toContain("sesame");
    expect(await hypervisor.xml(domain, { inactive: true, secure: true })).toContain("passwd='sesame'");
  });

  test("a DIMM, live alone and live with config", async () => {
    const domain = await running("client-attach");
    await hypervisor.attachDevice(domain, dimmXml(0), { live: true });
    await hypervisor.attachDevice(domain, dimmXml(1), { live: true, config: true });
    const live = await hypervisor.xml(domain, { inactive: false });
    expect(live).toContain("<alias name='ua-pulumi-dimm0'/>");
    expect(live).toContain("<memory unit='KiB'>327680</memory>");
    const inactive = await hypervisor.xml(domain, { inactive: true });
    expect(inactive.match(/<memory model='dimm'>/g)).toHaveLength(1);
    await expect(hypervisor.attachDevice(domain, dimmXml(2), {})).rejects.toThrow(
      "specify live, config, or both",
    );
  });

  test("what a guest says: nothing where none has booted, and no agent is a libvirt error", async () => {
    const xml = domainXml("client-guest", "<devices><memballoon model='virtio'/></devices>");
    const domain = await hypervisor.start(await hypervisor.define(xml));
    expect(await hypervisor.memoryStats(domain)).toMatchObject({ lastUpdate: 0 });
    const refused = await failure(hypervisor.agentCommand(domain, { execute: "guest-ping" }, 1));
    // VIR_ERR_ARGUMENT_UNSUPPORTED: the domain has no channel for one.
    expect(refused).toMatchObject({ name: "LibvirtError", code: 74 });
  });

  test("metadata of one's own, set and removed", async () => {
    const domain = await running("client-metadata");
    const own = { namespace: "urn:pulumi-libvirt-hotplug:test", prefix: "t" };
    await hypervisor.setMetadata(domain, { ...own, xml: "<made by='me'/>" }, { live: true, config: true });
    expect(await lab.virsh("metadata", domain.name, own.namespace)).toContain("<made by=");
    for (const inactive of [true, false]) {
      expect(await hypervisor.xml(domain, { inactive })).toContain(
        `<t:made xmlns:t="${own.namespace}" by="me"/>`,
      );
    }
    await hypervisor.setMetadata(domain, { ...own, xml: undefined }, { live: true, config: true });
    expect(await hypervisor.xml(domain, { inactive: true })).not.toContain(own.namespace);
  });
});

describe("libvirt's errors come with their codes", () => {
  test("by kind", async () => {
    const off = await hypervisor.define(domainXml("client-off"));
    const on = await running("client-on");
    const gone = { name: "gone", uuid: "00000000-0000-4000-8000-000000000000", id: -1 };
    const live = { live: true };
    const table: [number, () => Promise<unknown>][] = [
      [ErrorCode.NO_DOMAIN, () => hypervisor.state(gone)],
      [ErrorCode.NO_DOMAIN, () => hypervisor.undefine(gone)],
      [ErrorCode.XML_DETAIL, () => hypervisor.define("<domain")],
      [ErrorCode.XML_ERROR, () => hypervisor.define("<network/>")],
      [ErrorCode.OPERATION_FAILED, () => hypervisor.define(domainXml("client-off"))],
      [ErrorCode.OPERATION_INVALID, () => hypervisor.start(on)],
      [ErrorCode.OPERATION_INVALID, () => hypervisor.destroy(off)],
      [ErrorCode.OPERATION_INVALID, () => hypervisor.attachDevice(off, dimmXml(0), live)],
      [ErrorCode.CONFIG_UNSUPPORTED, () => hypervisor.attachDevice(on, dimmXml(0, 4096), live)],
      [ErrorCode.INTERNAL, () => hypervisor.attachDevice(on, dimmXml(0, 0), live)],
    ];
    for (const [code, refused] of table) {
      expect(await failure(refused())).toMatchObject({ name: "LibvirtError", code, level: 2 });
    }
  });
});

describe("events", () => {
  test("what happens to the domain is told, and again after the daemon was restarted", async () => {
    const domain = await hypervisor.define(domainXml("client-events"));
    const { listen, heard } = listener();
    const end = await hypervisor.subscribe(domain, listen);
    const started = await hypervisor.start(domain, { paused: true });
    // VIR_DOMAIN_EVENT_STARTED
    await heard((event) => event.kind === "lifecycle" && event.uuid === domain.uuid && event.event === 2);
    await hypervisor.attachDevice(started, dimmXml(0), { live: true });
    await heard((event) => event.kind === "device-added" && event.alias.endsWith("ua-pulumi-dimm0"));
    await lab.restartDaemon();
    await heard((event) => event.kind === "disconnected");
    await heard((event) => event.kind === "reconnected");
    await hypervisor.attachDevice(started, dimmXml(1), { live: true });
    await heard((event) => event.kind === "device-added" && event.alias.endsWith("ua-pulumi-dimm1"));
    await end();
  });
});

describe("what can go wrong", () => {
  test("the daemon is killed in the middle of a call; when it is back, so are we", async () => {
    const domain = await running("client-killed");
    const pid = daemonPid();
    process.kill(pid, "SIGSTOP");
    const inFlight = failure(hypervisor.attachDevice(domain, dimmXml(0), { live: true }));
    process.kill(pid, "SIGKILL");
    const error = await inFlight;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /did not answer DOMAIN_ATTACH_DEVICE_FLAGS: .*; the daemon may have carried it out/,
    );
    await lab.restartDaemon();
    // It waits until the new daemon has found the QEMU again.
    await hypervisor.attachDevice(domain, dimmXml(1), { live: true });
    expect((await hypervisor.state(domain)).power).toBe("paused");
  });

  test("a daemon that accepts and then says nothing", async () => {
    const pid = daemonPid();
    process.kill(pid, "SIGSTOP");
    const error = await failure(connect(lab.uri, { connectTimeoutMs: 300 }));
    process.kill(pid, "SIGCONT");
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/no answer within 300 ms/);
  });

  test("a QEMU that hangs delays nobody else", async () => {
    const hasty = await connect(lab.uri, { slowCallTimeoutMs: 2_000 });
    const [sick, well] = [await running("client-sick"), await running("client-well")];
    const pid = lab.qemuPid("client-sick");
    if (pid === undefined) throw new Error("wanted a QEMU");
    process.kill(pid, "SIGSTOP");
    const hanging = failure(hasty.attachDevice(sick, dimmXml(0), { live: true }));
    await hasty.attachDevice(well, dimmXml(0), { live: true });
    expect(await hanging).toBeInstanceOf(ConnectionError);
    process.kill(pid, "SIGCONT");
    await hasty.attachDevice(well, dimmXml(1), { live: true });
    await hasty.close();
  });
});

describe("through ssh", () => {
  test.each(["virt-ssh-helper", "nc"])("by %s to the real daemon", async (proxy) => {
    const far = farEnd();
    onTestFinished(() => far.remove());
    far.install("nc", NETCAT);
    // It looks for the daemon of the user who logged in: here the lab's.
    const login =
      process.getuid?.() === 0
        ? `setpriv --reuid=${lab.user.uid} --regid=${lab.user.gid} --clear-groups`
        : "";
    far.install(
      "virt-ssh-helper",
      `#!/bin/sh
PATH=/usr/bin:/bin XDG_RUNTIME_DIR='${join(lab.dir, "run")}' exec ${login} virt-ssh-helper "$@"
`,
    );
    const socket = new URL(lab.uri).searchParams.get("socket");
    const options = proxy === "nc" ? `command=${far.ssh}&socket=${socket}` : `command=${far.ssh}`;
    const remote = await connect(`qemu+ssh://me@far.example/session?${options}`);
    const domain = await remote.define(domainXml("client-remote"));
    const { listen, heard } = listener();
    await remote.subscribe(domain, listen);
    const started = await remote.start(domain, { paused: true });
    await remote.attachDevice(started, dimmXml(0), { live: true });
    await heard((event) => event.kind === "device-added");
    expect((await hypervisor.state(domain)).power).toBe("paused");
    await remote.close();
    expect(readFileSync(far.log, "utf8")).toContain(proxy);
  });
});
