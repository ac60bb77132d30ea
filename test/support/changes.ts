import type { FakeHypervisor } from "./fake-hypervisor.ts";

const CHANGES =
  /^(start|shutdown|destroy|resume|wake|suspend|removeManagedSave|define|attachDevice|undefine)$/;

/** The calls that changed the host's only domain, in order; not the probes of its new definition. */
export function changesOf({ calls, about, only }: FakeHypervisor): string[] {
  return calls.filter((call, index) => CHANGES.test(call) && about[index] === only.uuid);
}

/** Forgets the calls so far. */
export function forgetCalls({ calls, about }: FakeHypervisor): void {
  calls.length = 0;
  about.length = 0;
}
