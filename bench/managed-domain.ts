import type { Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { create } from "../provider/operations/create.ts";
import { diff } from "../provider/operations/diff.ts";
import { update } from "../provider/operations/update.ts";
import type { Lab } from "../test/lab/lab.ts";
import { checkedInputs, inOneRun } from "./one-run.ts";
import type { Contender } from "./rounds.ts";
import { pauseDomain } from "./tiny-domain.ts";

interface Program {
  name: string;
  [argument: string]: unknown;
}

/**
 * Creates a domain through the provider, and pauses it. The contender updates it to the next program in each round: all that Pulumi's
 * host calls, in this process.
 *
 * @param program by how often the domain has changed
 */
export async function managedDomain(
  lab: Lab,
  hypervisor: Hypervisor,
  program: (changes: number) => Program,
): Promise<Contender> {
  const first = await inOneRun(lab, async (session) => {
    const inputs = await checkedInputs(session, {}, program(0));
    return { inputs, ...(await create(session, inputs)) };
  });
  let { inputs, outs } = first;
  await pauseDomain(hypervisor, program(0).name);
  return (measure, round) =>
    measure("connect, check, diff and update", () =>
      inOneRun(lab, async (session) => {
        inputs = await checkedInputs(session, inputs, program(round + 1));
        await diff(session, first.id, outs, inputs);
        ({ outs } = await measure("of these, the update", () => update(session, first.id, outs, inputs)));
      }),
    );
}
