/** Messages that many tests expect. Each is typed out in the test of the file that it comes from. */

/** @param attached such as "attached 256 MiB in slot 0" (provider/update/actions/attach.ts) */
export function confirmedByAgent(attached: string, size: string): string {
  return `${attached}; confirmed by the guest agent: ${size}`;
}

/** provider/update/actions/stop.ts */
export function notShutDown(seconds: number): string {
  return `the guest did not shut down within ${seconds} s (shutdownTimeout) and is still running; set forceOff: true to force it off`;
}
