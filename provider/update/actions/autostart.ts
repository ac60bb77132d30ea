import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";

/** Sets whether libvirt starts the domain when the host boots. */
export const autostart: Action<Extract<Step, { kind: "autostart" }>> = {
  async run({ on }, { hypervisor, domain }) {
    await hypervisor.setAutostart(domain, on);
    return observe(hypervisor, domain, { autostart: true });
  },
};
