import type { dynamic } from "@pulumi/pulumi";
import type { Inputs } from "./args/inputs.ts";
import { readConfiguration } from "./configuration.ts";
import { forUser } from "./errors.ts";
import { messageText } from "./foreign-text.ts";
import { check } from "./operations/check.ts";
import { create } from "./operations/create.ts";
import { deleteDomain } from "./operations/delete.ts";
import { diff } from "./operations/diff.ts";
import { read } from "./operations/read.ts";
import { update } from "./operations/update.ts";
import type { Outputs } from "./outputs.ts";
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
  const ready = async <T>(work: () => Promise<T>): Promise<T> => {
    await configured.promise;
    try {
      return await work();
    } catch (error) {
      throw forUser(error);
    }
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
      ready(async () => {
        const { inputs, failures } = await check(session, olds, news);
        return { inputs, failures: failures.map((each) => ({ ...each, reason: messageText(each.reason) })) };
      }),
    diff: (id: string, olds: Properties, news: Properties) =>
      ready(() => diff(session, id, olds as unknown as Outputs, news as unknown as Inputs)),
    create: (inputs: Properties) => ready(() => create(session, inputs as unknown as Inputs)),
    read: (id: string, properties: Properties) =>
      ready(() => read(session, id, properties as unknown as Outputs)),
    update: (id: string, olds: Properties, news: Properties) =>
      ready(() => update(session, id, olds as unknown as Outputs, news as unknown as Inputs)),
    delete: (id: string, properties: Properties) =>
      ready(() => deleteDomain(session, id, properties as unknown as Outputs)),
  };
}
