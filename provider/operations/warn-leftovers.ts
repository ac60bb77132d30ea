import { keptName } from "../acceptance/kept-definition.ts";
import { isKept, probesToName } from "../acceptance/leftovers.ts";
import { unlessFailed } from "../acceptance/unanswered.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { Session } from "../session.ts";

/**
 * Names what an interrupted run left on the host besides the domain. A refresh changes nothing there, and where nothing else is
 * to be done, no update follows that would remove it.
 */
export async function warnLeftovers(
  session: Session,
  hypervisor: Hypervisor,
  { uuid, __urn: urn }: { uuid: string; __urn: string },
): Promise<void> {
  const kept = (await unlessFailed(isKept(hypervisor, uuid), false)) ? [keptName(uuid)] : [];
  const probes = await unlessFailed(probesToName(hypervisor), []);
  const what = (name: string) =>
    kept.includes(name)
      ? "keeps a definition of this domain for an interrupted restart or replace"
      : "was left by an interrupted update";
  // The NVRAM file that a kept definition names is the domain's own.
  for (const name of [...kept, ...probes]) {
    const text = `domain ${name} ${what(name)}, and never runs; the next update of this domain removes it, or remove it with: virsh undefine ${name} --keep-nvram`;
    await session.log.message(urn, "warning", text);
  }
}
