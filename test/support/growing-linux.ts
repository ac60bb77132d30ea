import { created, type OneResource } from "./one-resource.ts";
import { SimulatedLinux } from "./simulated-linux.ts";

/** A domain whose memory grows and shrinks while its guest runs. */
export const GROWING = {
  ...{ memory: "1GiB", maxMemory: "8GiB" },
  hotplug: { awaitGuest: 10, allowUnplug: true },
};

/** The program of that domain with so much memory, in MiB. */
export function growing(mib: number, hotplug: object = {}) {
  return { ...GROWING, memory: `${mib}MiB`, hotplug: { ...GROWING.hotplug, ...hotplug } };
}

/** A new domain with that program, and the Linux in it. */
export async function createdLinux(program: object = GROWING) {
  const { host, stack } = await created({ ...program });
  return { host, stack, guest: new SimulatedLinux(host, stack.clock) };
}

/** Runs an update that fails, and returns why. */
export function failureOf(stack: OneResource, program: object): Promise<string> {
  return stack.up({ ...program }).then(
    () => "succeeded",
    (error: Error) => error.message,
  );
}
