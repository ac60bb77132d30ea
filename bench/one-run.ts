import type { Inputs } from "../provider/args/inputs.ts";
import { DEFAULTS } from "../provider/args/settings.ts";
import { hostClock } from "../provider/deadline.ts";
import { connect } from "../provider/libvirt/connect.ts";
import type { Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { check } from "../provider/operations/check.ts";
import { Session } from "../provider/session.ts";
import type { Lab } from "../test/lab/lab.ts";

/** One run of Pulumi: with a session of its own, and its connection. */
export async function inOneRun<T>(lab: Lab, work: (session: Session) => Promise<T>): Promise<T> {
  const opened: Hypervisor[] = [];
  const session = new Session({
    connect: async (...args) => {
      const hypervisor = await connect(...args);
      opened.push(hypervisor);
      return hypervisor;
    },
    log: { message: async () => {}, status: async () => {} },
    environment: {},
    clock: hostClock,
  });
  session.configuration = { uri: lab.uri, domainType: "qemu", defaults: DEFAULTS };
  const result = await work(session);
  await Promise.all(opened.map((hypervisor) => hypervisor.close()));
  return result;
}

/** The inputs that check answers with. */
export async function checkedInputs(
  session: Session,
  olds: object,
  program: { name: string },
): Promise<Inputs> {
  const __urn = `urn:pulumi:bench::bench::pulumi-nodejs:dynamic/libvirt:Domain::${program.name}`;
  const { inputs, failures } = await check(session, { ...olds }, { ...program, __urn });
  if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
  // With no failures nothing is missing.
  return inputs as Inputs;
}
