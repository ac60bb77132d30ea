import type { dynamic } from "@pulumi/pulumi";
import type { Inputs } from "./args/inputs.ts";
import { readConfiguration } from "./configuration.ts";
import { messageText } from "./foreign-text.ts";
import { check } from "./operations/check.ts";
import { create } from "./operations/create.ts";
import { deleteDomain } from "./operations/delete.ts";
import { diff } from "./operations/diff.ts";
import { read } from "./operations/read.ts";
import { update } from "./operations/update.ts";
import type { Outputs } from "./outputs.ts";
import { keepSecrets, maskedText, maskedTexts, withSecretMarks } from "./secret-operation.ts";
import { type Dependencies, Session } from "./session.ts";

type Properties = Record<string, unknown>;

/**
 * The dynamic provider, as Pulumi's provider host calls it (sdk/nodejs/dynamic). The host may call other
 * methods before `configure` has ended, so each of them waits for it.
 */
export function createProvider(dependencies: Dependencies): dynamic.ResourceProvider {
  const session = new Session(dependencies);
  const configured = Promise.withResolvers<void>();
  // The host reports a failed configure itself; the calls that wait for it fail with the same error.
  configured.promise.catch(() => {});
  const ready = async <T>(properties: Properties[], work: () => Promise<T>): Promise<T> => {
    await configured.promise;
    return keepSecrets(properties, work);
  };
  // The properties come from this provider's own check and outputs, through the engine; Pulumi types them as any.
  return {
    configure: async ({ config }) => {
      try {
        session.configuration = readConfiguration((key) => config.get(key));
        configured.resolve();
      } catch (error) {
        configured.reject(error);
        throw error;
      }
    },
    check: (olds: Properties, news: Properties) =>
      ready([olds, news], async () => {
        const { inputs, failures } = await check(session, olds, news);
        const { memoryPlan } = inputs;
        if (memoryPlan !== undefined) inputs.memoryPlan = maskedTexts(memoryPlan);
        return {
          inputs: withSecretMarks(inputs),
          failures: failures.map((each) => ({ ...each, reason: messageText(maskedText(each.reason)) })),
        };
      }),
    diff: (id: string, olds: Properties, news: Properties) =>
      ready([olds, news], () => diff(session, id, olds as unknown as Outputs, news as unknown as Inputs)),
    create: (inputs: Properties) =>
      ready([inputs], async () => {
        const { id, outs } = await create(session, inputs as unknown as Inputs);
        return { id, outs: withSecretMarks(outs) };
      }),
    read: (id: string, properties: Properties) =>
      ready([properties], async () => {
        const result = await read(session, id, properties as unknown as Outputs);
        const { props, inputs } = result;
        return {
          ...result,
          props: withSecretMarks(props),
          ...(inputs && { inputs: withSecretMarks(inputs) }),
        };
      }),
    update: (id: string, olds: Properties, news: Properties) =>
      ready([olds, news], async () => {
        const { outs } = await update(session, id, olds as unknown as Outputs, news as unknown as Inputs);
        return { outs: withSecretMarks(outs) };
      }),
    delete: (id: string, properties: Properties) =>
      ready([properties], () => deleteDomain(session, id, properties as unknown as Outputs)),
  };
}
