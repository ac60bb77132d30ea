import type { dynamic } from "@pulumi/pulumi";
import { readConfiguration } from "./configuration.ts";
import { withHeadroom } from "./foreseen/headroom.ts";
import { hostOperations } from "./host-operations.ts";
import { withSecretMarks } from "./secret-operation.ts";
import { type Dependencies, Session } from "./session.ts";

/**
 * The dynamic provider, as Pulumi's provider host calls it (sdk/nodejs/dynamic). The host may call other
 * methods before `configure` has ended, so each of them waits for it.
 */
export function createProvider(dependencies: Dependencies): dynamic.ResourceProvider {
  const session = new Session(dependencies);
  const operations = hostOperations(
    session,
    (properties) => withSecretMarks(properties),
    {},
    (before, inputs) => withHeadroom(session, before, inputs),
  );
  const configured = Promise.withResolvers<void>();
  // The host reports a failed configure itself; the calls that wait for it fail with the same error.
  configured.promise.catch(() => {});
  const ready =
    <Arguments extends unknown[], Result>(operation: (...properties: Arguments) => Promise<Result>) =>
    async (...properties: Arguments): Promise<Result> => {
      await configured.promise;
      return operation(...properties);
    };
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
    check: ready(operations.check),
    diff: ready(operations.diff),
    create: ready(operations.create),
    read: ready(operations.read),
    update: ready(operations.update),
    delete: ready(operations.delete),
  };
}
