import { agentAnswers } from "../lab/agent.ts";
import type { GuestConsole } from "../lab/console.ts";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { MIB } from "./live-lab.ts";
import { rpcProxy } from "./rpc-proxy.ts";
import { type Args, type OnEngine, type StackOnLab, stackOnLab } from "./stack-on-lab.ts";
import { nextBootMemory } from "./virsh.ts";

/** A Linux kernel with this on its command line refuses the balloon's driver. */
export const NO_BALLOON_DRIVER = "initcall_blacklist=virtio_balloon_driver_init";

interface LinuxGuest {
  stack: StackOnLab;
  /** The judge of what the guest has. */
  console: GuestConsole;
  /** The guest's MemTotal after its boot, in KiB. */
  atBoot: number;
  /** Its QEMU. */
  pid: number;
}

/**
 * A stack whose one domain boots the lab's guest, with 512 MiB unless more is said.
 */
export async function bootLinux(
  lab: Lab,
  name: string,
  switches: string,
  args: Args = {},
  options: { on?: OnEngine } = {},
): Promise<LinuxGuest> {
  const file = lab.file(`${name}.log`);
  const { kernel, initrd } = lab.guest;
  const stack = await stackOnLab(
    lab,
    {
      [name]: {
        ...{ memory: "512MiB", maxMemory: "4GiB", shutdownTimeout: 0, serial: { file } },
        boot: { kernel, initrd, commandLine: `console=ttyS0 quiet ${switches}` },
        ...args,
      },
    },
    options,
  );
  await stack.apply();
  const console = lab.console(file);
  await console.waitFor(/GUEST memtotal_kb=\d+ online=\d+ offline=0 /);
  const pid = lab.qemuPid(name);
  if (pid === undefined)
    throw new Error(`no process of ${name} is found: whether it stays the same can't be judged`);
  return { stack, console, atBoot: console.memTotalKib() ?? 0, pid };
}

/**
 * A guest of 1 GiB behind a proxy, and an update that plugs 256 MiB and waits for the guest, which leaves new memory offline
 * until somebody brings it online.
 */
export async function growAndWait(lab: Lab, options: { on?: OnEngine } = {}) {
  const proxy = await rpcProxy(lab, "guest");
  const args: Args = {
    ...{ memory: "1GiB", uri: proxy.uri },
    hotplug: { awaitGuest: 120, online: "guest" },
  };
  const guest = await bootLinux(lab, "guest", "memhp_default_state=offline", args, options);
  const { stack, console } = guest;
  await agentAnswers(lab, "guest");
  stack.edit("guest", { memory: "1280MiB" });
  const waiting = stack.up();
  await console.waitFor(/ online=8 offline=2 /);
  await waitUntil("the definition", async () => (await nextBootMemory(lab, "guest")).memory === 1280 * MIB);
  return { ...guest, proxy, waiting };
}

/**
 * Waits until a guest's console says that it has that much, to the KiB. By its last report: the one after a reset may be like
 * the one before.
 */
export function hasMemTotal(console: GuestConsole, kib: number): Promise<unknown> {
  return waitUntil(`a MemTotal of ${Math.round(kib / MIB)} MiB`, () => console.memTotalKib() === kib, {
    seen: () => `${console.memTotalKib()} KiB`,
  });
}
