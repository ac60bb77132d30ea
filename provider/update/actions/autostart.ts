import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import { withMark } from "../mark-arguments.ts";

/** Sets whether libvirt starts the domain when the host boots. */
export const autostart: Action<Extract<Step, { kind: "autostart" }>> = {
  async run({ on }, context, { now }) {
    const { hypervisor, domain } = context;
    await withMark("autostart", context, now, () => hypervisor.setAutostart(domain, on));
    return observe(hypervisor, domain, { autostart: true });
  },
};
