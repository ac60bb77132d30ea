import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";

/** Removes the saved state, so that the next start boots the guest. */
export const discard: Action<Extract<Step, { kind: "discard" }>> = {
  async run(_step, { hypervisor, domain }) {
    if (await hypervisor.hasManagedSave(domain)) await hypervisor.removeManagedSave(domain);
    return observe(hypervisor, domain);
  },
};
