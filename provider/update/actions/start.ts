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
        "the domain has got a saved state since it was read (virsh managedsave), which a start would restore; preview again",
      );
    await hypervisor.start(domain);
    return observe(hypervisor, domain);
  },
};
