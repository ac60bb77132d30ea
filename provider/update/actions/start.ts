import { observe } from "../../observe/observe.ts";
import { isOff } from "../../observe/wait-for-domain.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";

/** Starts the domain. */
export const start: Action<Extract<Step, { kind: "start" }>> = {
  async run(_step, { hypervisor, domain }) {
    if (await isOff(hypervisor, domain)) await hypervisor.start(domain);
    return observe(hypervisor, domain);
  },
};
