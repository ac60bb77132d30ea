import { definitionXml, domainSpec } from "../apply/domain-spec.ts";
import { carryOut, type Workplace } from "../apply/steps.ts";
import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { sayable } from "../args/secrecy.ts";
import { editDefinition } from "../domain/edit.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { readHost } from "../observe/host.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import { echoedInputs, type Outputs, outputs } from "../outputs.ts";
import { permitted } from "../plan/agree.ts";
import { planChange } from "../plan/change.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { finish } from "./ownership.ts";
import { PartialError, UserError } from "./user-error.ts";

/** Looks, plans as the preview did, and carries the plan out step by step; nothing graver than what was announced. */
export async function update(
  session: Session,
  id: string,
  state: Outputs,
  news: Inputs,
): Promise<{ outs: Outputs }> {
  const uri = news.uri ?? state.uri;
  const hypervisor = await session.hypervisor(uri);
  return session.locked(id, async () => {
    const domain = await hypervisor.findByUuid(id);
    if (domain === undefined)
      throw new UserError(`Unable to update domain ${state.name}: ${id} is not on ${uri} any more`);
    const before = echoedInputs(state);
    let sighting = await observe(hypervisor, domain);
    const change = permitted(session.announced.get(id), planChange(news, before, sighting.observed));
    if (change.outcome === "refuse") {
      const why = sayable(change.summary, before, news);
      throw new UserError(`Unable to update domain ${state.name}: ${why}`);
    }
    // Left by a create whose very last call got no answer.
    const { ownership } = sighting.definition;
    if (ownership?.creating && ownership.urn === news.__urn) await finish(hypervisor, domain, ownership);
    const place: Workplace = {
      hypervisor,
      domain,
      shutdownTimeout: news.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT,
      redefinition: (present) => redefinition(session, hypervisor, before, news, present),
    };
    const done: Step[] = [];
    for (const step of change.steps) {
      await session.log.status(news.__urn, sayable(step.sentence, before, news));
      try {
        sighting = await carryOut(step, place);
      } catch (error) {
        throw await failure(error as Error, {
          hypervisor,
          id,
          uri,
          before,
          news,
          sighting,
          steps: change.steps,
          done,
        });
      }
      done.push(step);
    }
    return { outs: outputs(news, uri, sighting) };
  });
}

interface Interrupted {
  hypervisor: Hypervisor;
  id: string;
  uri: string;
  before: Inputs;
  news: Inputs;
  sighting: Sighting;
  steps: Step[];
  done: Step[];
}

/** With nothing done the old state stays; else what was read back is recorded, with the arguments that were carried out. */
async function failure(
  error: Error,
  { id, uri, before, news, sighting, steps, done, hypervisor }: Interrupted,
): Promise<Error> {
  if (done.length === 0) return new UserError(sayable(error.message, before, news), { cause: error });
  const missing = steps.filter((step) => !done.includes(step));
  const kept = missing.flatMap((step) =>
    step.kind === "redefine" ? step.fields : step.kind === "autostart" ? ["autostart"] : [],
  );
  const carriedOut = {
    ...news,
    ...Object.fromEntries(kept.map((name) => [name, Reflect.get(before, name)])),
  };
  const latest = await readBack(hypervisor, id).catch(() => undefined);
  const said = `${error.message} (done before that: ${done.map((step) => step.sentence).join("; ")})`;
  const properties = withoutUndefined(outputs(carriedOut, uri, latest ?? sighting));
  return new PartialError(sayable(said, before, news), id, properties, error);
}

async function readBack(hypervisor: Hypervisor, id: string): Promise<Sighting | undefined> {
  const domain = await hypervisor.findByUuid(id);
  return domain && observe(hypervisor, domain);
}

/** XML of the program's own that changed is the definition from now on; else only what differs is edited. */
async function redefinition(
  session: Session,
  hypervisor: Hypervisor,
  before: Inputs,
  news: Inputs,
  present: string,
): Promise<string> {
  const host = readHost(await hypervisor.capabilities());
  const type = session.configuration.domainType;
  const spec = domainSpec(news, host, type);
  if (before.xml === news.xml) return editDefinition(present, domainSpec(before, host, type), spec);
  return definitionXml(news, spec, type);
}

/** Pulumi's wire format has no undefined. */
function withoutUndefined(properties: object): object {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
