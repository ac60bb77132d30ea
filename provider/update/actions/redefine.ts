import type { Inputs } from "../../args/inputs.ts";
import { definitionXml, domainSpec } from "../../definition/domain-spec.ts";
import { editedDefinition } from "../../definition/edited-definition.ts";
import { readHost } from "../../observe/host.ts";
import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import type { UpdateContext } from "../context.ts";

/** Changes the inactive definition from what the arguments were before to what they are now. */
export const redefine: Action<Extract<Step, { kind: "redefine" }>> = {
  async run(_step, context) {
    const { hypervisor, domain } = context;
    const present = await hypervisor.xml(domain, { inactive: true, secure: true });
    await hypervisor.define(await redefinition(present, context));
    return observe(hypervisor, domain);
  },
};

/** When `xml` changed, the definition is written from it; otherwise only what differs is edited. */
async function redefinition(
  present: string,
  { session, hypervisor, before, news, adopted }: UpdateContext,
): Promise<string> {
  const host = readHost(await hypervisor.capabilities());
  const type = session.configuration.domainType;
  const specOf = (inputs: Inputs) => domainSpec(inputs, host, type, session.defaults);
  return before.xml === news.xml || (adopted && news.xml === undefined)
    ? editedDefinition(present, { before, news }, { specOf, type, adopted })
    : definitionXml(news, specOf(news), type);
}
