import type { Failure } from "./args/failure.ts";
import type { Inputs } from "./args/inputs.ts";
import type { SecretMarked } from "./args/secrets.ts";
import { messageText } from "./foreign-text.ts";
import { check } from "./operations/check.ts";
import { create } from "./operations/create.ts";
import { deleteDomain } from "./operations/delete.ts";
import { type DiffResult, diff } from "./operations/diff.ts";
import { type ReadResult, read } from "./operations/read.ts";
import { update } from "./operations/update.ts";
import { keepSecrets, type Mark, maskedPlan, maskedText } from "./secret-operation.ts";
import type { Session } from "./session.ts";
import { packedState, readState } from "./state-format.ts";

type Properties = Record<string, unknown>;

/**
 * The operations as Pulumi calls them: their properties come from this provider's own check and outputs, through the engine.
 * `seconds`: the time limit of the operation (customTimeouts); 0 or left out: none.
 */
export interface HostOperations {
  check(olds: Properties, news: Properties): Promise<{ inputs: Properties; failures: Failure[] }>;
  diff(id: string, state: Properties, news: Properties): Promise<DiffResult>;
  create(inputs: Properties, seconds?: number): Promise<{ id: string; outs: object }>;
  read(id: string, state: Properties, seconds?: number): Promise<ReadResult>;
  update(id: string, state: Properties, news: Properties, seconds?: number): Promise<{ outs: object }>;
  delete(id: string, state: Properties, seconds?: number): Promise<void>;
  /** Other work, with the secrets of these properties masked in its messages and its error. */
  keeping<T>(carriers: Properties[], work: () => Promise<T>): Promise<T>;
}

/**
 * What both hosts, the dynamic provider's and the plugin, offer to the engine: the operations, with secrets masked in messages
 * and errors, and marked in results.
 *
 * @param configuration what is secret in the configuration
 * @param completed adds to the inputs that check returns, from those that the state has
 */
export function hostOperations(
  session: Session,
  markSecrets: Mark,
  configuration: SecretMarked & Properties = {},
  completed = async (_before: Partial<Inputs>, inputs: Partial<Inputs>) => inputs,
): HostOperations {
  const mark: Mark = (properties) => markSecrets(packedState(properties));
  const inputsOf = (properties: Properties) => properties as unknown as Inputs;
  const keeping = <T>(carriers: Properties[], work: () => Promise<T>) =>
    keepSecrets([configuration, ...carriers], work, mark);
  return {
    keeping,
    check: (olds, news) =>
      keeping([olds, news], async () => {
        const { inputs, failures } = await check(session, olds, news);
        const { memoryPlan } = inputs;
        // The second check of a replace doesn't get the old inputs.
        const before = session.run.of(String(news.__urn)).recorded ?? {};
        if (memoryPlan !== undefined) inputs.memoryPlan = maskedPlan(memoryPlan, before, inputs);
        return {
          inputs: mark(failures.length > 0 ? inputs : await completed(olds, inputs)),
          failures: failures.map((each) => ({ ...each, reason: messageText(maskedText(each.reason)) })),
        };
      }),
    diff: (id, state, news) =>
      keeping([state, news], () => diff(session, id, readState(state), inputsOf(news))),
    create: (inputs, seconds = 0) =>
      keeping([inputs], async () => {
        const { id, outs } = await create(session.limitedTo(seconds), inputsOf(inputs));
        return { id, outs: mark(outs) };
      }),
    read: (id, state, seconds = 0) =>
      keeping([state], async () => {
        const result = await read(session.limitedTo(seconds), id, readState(state));
        const { props, inputs } = result;
        return { ...result, props: mark(props), ...(inputs && { inputs: mark(inputs) }) };
      }),
    update: (id, state, news, seconds = 0) =>
      keeping([state, news], async () => {
        const { outs } = await update(session.limitedTo(seconds), id, readState(state), inputsOf(news));
        return { outs: mark(outs) };
      }),
    delete: (id, state, seconds = 0) =>
      keeping([state], () => deleteDomain(session.limitedTo(seconds), id, readState(state))),
  };
}
