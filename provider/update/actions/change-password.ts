import { graphicsPassword, graphicsWithPassword } from "../../domain/graphics.ts";
import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import { updateLog } from "../context.ts";
import { postconditionFailed } from "../postconditions.ts";

/** Sets the password of the running domain's graphics. */
export const changePassword: Action<Extract<Step, { kind: "changePassword" }>> = {
  async run({ graphics: type }, context, { now }) {
    const { hypervisor, domain, news } = context;
    const password = news.graphics?.password;
    if (password === undefined) return now;
    const running = () => hypervisor.xml(domain, { inactive: false, secure: true });
    const found = await running();
    if (graphicsPassword(found, type) === password) return now;
    const changed = graphicsWithPassword(found, type, password);
    if (changed === undefined) {
      await updateLog(context).warn(
        `the domain was started without a ${type.toUpperCase()} password, so the new one takes effect at the next boot`,
      );
      return now;
    }
    await hypervisor.updateDevice(domain, changed, { live: true });
    if (graphicsPassword(await running(), type) !== password)
      throw postconditionFailed(
        "libvirt reported success, but the running domain has another password than the program",
      );
    return observe(hypervisor, domain);
  },
};
