import type { DomainRef } from "../libvirt/hypervisor.ts";
import { observe } from "../observe/observe.ts";
import type { Reason } from "../plan/plan.ts";
import type { NewDomain } from "./new-domain.ts";
import { notOwned } from "./ownership.ts";

/** Where the program asks for it, the engine creates the new domain of a replace first: the old one is then as the state has it. */
export async function createdFirst(
  { session: { run }, hypervisor, inputs: { uuid, __urn: urn } }: NewDomain,
  present: DomainRef | undefined,
): Promise<Reason | undefined> {
  const { state } = run.of(urn);
  const domain = run.domain(uuid).replaced === undefined ? present : undefined;
  if (state === undefined || domain === undefined || domain.name !== state.name) return undefined;
  const { definition, observed } = await observe(hypervisor, domain);
  const isOld =
    notOwned(definition, state, urn) === undefined &&
    observed.nextBoot?.memory === state.__observed.nextBoot?.memory;
  if (!isOld) return undefined;
  const text = `it would replace domain ${uuid}, which still exists: both have the same UUID, so the old one must be deleted first; remove deleteBeforeReplace: false, which the program or one of its transforms sets`;
  return { code: "create-before-delete", text };
}
