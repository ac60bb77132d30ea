/** Messages that many tests expect. Each is typed out in the test of the file that it comes from. */

/** @param attached such as "attached 256 MiB in slot 0" (provider/update/actions/attach.ts) */
export function confirmedByAgent(attached: string, size: string): string {
  return `${attached}; confirmed by the guest agent: ${size}`;
}

/** provider/update/actions/stop.ts */
export function notShutDown(seconds: number): string {
  return `the guest did not shut down within ${seconds} s (shutdownTimeout) and is still running; set forceOff: true to force it off`;
}

/** A detail of a preview that reaches no host. */
export const unreachable = (why: string) => `planned from the state only; hypervisor unreachable: ${why}`;

/** The growth of 1003 MiB of at most 8 GiB by one DIMM. */
export const GROW = "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart";

/** Its details and steps. */
export const GROW_DETAILS = [
  "maximum without a restart: 8 GiB",
  "1. attach a 256 MiB DIMM in slot 0, node 0",
  "2. set the definition to 1259 MiB of base memory for the next boot",
];

/** A replace for an increase of 1003 MiB that isn't aligned. */
export const NOT_ALIGNED = "replace: 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB)";

/** The message of a plan: its headline, and a line for each detail and step. */
export const message = (...lines: string[]) => lines.join("\n");

/** The headline of a message. */
export const headlineOf = (text: string) => text.split("\n")[0];
