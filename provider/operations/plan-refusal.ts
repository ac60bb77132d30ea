import { PREVIEW } from "../acceptance/hosted-domains.ts";
import { unlessUnanswered } from "../acceptance/unanswered.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown } from "../args/unknown.ts";
import { UserError } from "../errors.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import { isDefine, type Reason } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import type { Session } from "../session.ts";
import { attachedRefusals, previewRefusals } from "../update/definition.ts";

/** A planned update of a domain. */
interface PlannedUpdate {
  session: Session;
  uri: string;
  domain: DomainRef;
  /** The domain as the preview looked at it. */
  seen: Observation;
  before: Inputs;
  news: Inputs;
  adopted: boolean;
}

/**
 * Refuses an update whose new definition the host would refuse, as far as that can be found out by reading: before anything
 * is stopped, attached or started. Update asks the same again, and more.
 *
 * @throws UserError with the reasons
 */
export async function refusePlan(plan: UpdatePlan, planned: PlannedUpdate): Promise<void> {
  const [reason, ...others] = await unlessUnanswered(reasonsAgainst(plan, planned), []);
  if (reason === undefined) return;
  const { before, news } = planned;
  const message = [
    "refused: the host doesn't accept the new definition; the domain is left unchanged",
    ...[reason, ...others].map(({ text }) => text),
    `planned: "${plan.headline}"`,
  ].join("\n");
  throw new UserError(redact(message, before, news), { code: reason.code });
}

async function reasonsAgainst(plan: UpdatePlan, { uri, seen, ...planned }: PlannedUpdate): Promise<Reason[]> {
  const step = plan.steps.find(isDefine);
  const isTransient = !seen.observed.persistent;
  if (containsUnknown(planned.news) || (step === undefined && !isTransient)) return [];
  const hypervisor = await planned.session.hypervisor(uri);
  if (isTransient) return attachedRefusals(plan, { ...planned, hypervisor }, PREVIEW);
  if (step === undefined || seen.inactiveXml === undefined) return [];
  return previewRefusals(seen.inactiveXml, step, { ...planned, observation: seen, hypervisor, plan });
}
