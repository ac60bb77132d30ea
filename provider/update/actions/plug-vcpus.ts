import { vcpusOf } from "../../domain/state.ts";
import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import { awaitVcpus } from "../awaited-vcpus.ts";

/** Adds vCPUs to the running domain, and waits until the guest uses them: a Linux guest gets them offline. */
export const plugVcpus: Action<Extract<Step, { kind: "plugVcpus" }>> = {
  // Also waits for what an earlier update waited for in vain, and for the removal of vCPUs.
  prepare: awaitVcpus,

  async run({ to }, { hypervisor, domain }, { now }) {
    const { live } = now.observed;
    if (live !== undefined && vcpusOf(live) >= to) return now;
    await hypervisor.setVcpus(domain, to, { live: true });
    return observe(hypervisor, domain, { running: true });
  },
};
