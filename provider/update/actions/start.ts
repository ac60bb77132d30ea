import { observe } from "../../observe/observe.ts";
import { isOff } from "../../observe/wait-for-domain.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";

/** Starts the domain with its definition. */
export const start: Action<Extract<Step, { kind: "start" }>> = {
  async run(_step, { hypervisor, domain }) {
    if (!(await isOff(hypervisor, domain))) return observe(hypervisor, domain);
    if (await hypervisor.hasManagedSave(domain))
      throw new Error(
        "the domain was saved after it was read (virsh managedsave), and a start would restore the saved state; preview again",
      );
    await hypervisor.start(domain);
    return observe(hypervisor, domain);
  },
};
