import { engineOnThisMachine } from "../engine/driver.ts";
import type { GuestConsole } from "../lab/console.ts";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { type Args, type StackOnLab, stackOnLab } from "./stack-on-lab.ts";

const MIB = 1024;

/** A Linux kernel with this on its command line refuses the balloon's driver. */
export const NO_BALLOON_DRIVER = "initcall_blacklist=virtio_balloon_driver_init";

/**
 * A stack whose one domain boots the lab's guest, with 512 MiB unless more is said; and its console, the judge of what
 * the guest has.
 */
export async function bootLinux(
  lab: Lab,
  name: string,
  switches: string,
  args: Args = {},
): Promise<{ stack: StackOnLab; console: GuestConsole }> {
  const { kind: engine } = await engineOnThisMachine();
  const file = lab.file(`${name}.log`);
  const { kernel, initrd } = lab.guest;
  const stack = await stackOnLab(
    lab,
    { engine, traces: [] },
    {
      [name]: {
        ...{ memory: "512MiB", maxMemory: "4GiB", shutdownTimeout: 0, serial: { file } },
        boot: { kernel, initrd, commandLine: `console=ttyS0 quiet ${switches}` },
        ...args,
      },
    },
  );
  await stack.apply();
  const console = lab.console(file);
  await console.waitFor(/GUEST memtotal_kb=/);
  return { stack, console };
}

/** Waits until a guest's console says that it has that much, to the KiB. */
export function hasMemTotal(console: GuestConsole, kib: number): Promise<unknown> {
  return waitUntil(`a MemTotal of ${Math.round(kib / MIB)} MiB`, () => console.memTotalKib() === kib, {
    seen: () => `${console.memTotalKib()} KiB`,
  });
}
