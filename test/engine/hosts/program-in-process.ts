import { setImmediate } from "node:timers/promises";
import { runtime } from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state.js";
import type { Session } from "../session.ts";
import { PROGRAM_FAILED_AND_SAID_SO, type ProgramRun } from "./hosts.ts";

/** Registers resources; gives the stack's outputs. */
export type Program = () => Promise<Record<string, unknown>>;

/** The SDK's state for one program among several in a process. It is internal, so the SDK's types don't have it. */
const { withLocalStorage } = state as unknown as { withLocalStorage: <T>(work: () => T) => T };

/** Runs the program with Pulumi's SDK in this process, as the Automation API runs an inline program. */
export function startProgram(session: Session, program: Program): ProgramRun {
  const { project, stack, config, preview, parallel, report } = session;
  const { address } = session.monitor;
  const killed = Promise.withResolvers<number>();
  const rejections = holdRejections();
  let failure: unknown;
  const run = withLocalStorage(async () => {
    runtime.resetOptions(project.name, stack, parallel, address, address, preview, "organization");
    runtime.setAllConfig(config.values, config.secretKeys);
    try {
      await runtime.runInPulumiStack(program);
      await runtime.disconnect();
      // Node announces rejections that nobody handles after the promises that are settled by now.
      await setImmediate();
      failure = rejections.find(isOfFailedResource);
      if (failure === undefined) await runtime.disconnect(true);
    } catch (error) {
      failure = error;
      await runtime.disconnect();
      await setImmediate();
    }
    if (failure === undefined) return 0;
    report.error("", `Running the program failed: ${failure}`);
    return PROGRAM_FAILED_AND_SAID_SO;
  });
  const exited = Promise.race([run, killed.promise]).finally(() =>
    rejections.release((reason) => reason === failure || isOfFailedResource(reason)),
  );
  return {
    exited,
    exitedOrKilled: async () => {
      await exited;
    },
    // The engine refuses what the program waits for, and then the SDK settles none of it.
    kill: () => killed.resolve(-1),
  };
}

/** When a resource has failed, the SDK rejects all of its outputs with an error of its own. */
function isOfFailedResource(reason: unknown): boolean {
  return reason instanceof Error && / failed to register$/.test(reason.message);
}

interface HeldRejections {
  find(which: (reason: unknown) => boolean): unknown;
  /** Passes all on but the program's own. */
  release(isOfProgram: (reason: unknown) => boolean): void;
}

/**
 * Rejections that nobody handles end a program's own process. Here they are held back until it is known whether they are
 * the program's: a test runner, which listens for them too, takes them for failures of the test.
 */
function holdRejections(): HeldRejections {
  const listeners = process.listeners("unhandledRejection");
  const held: Parameters<NodeJS.UnhandledRejectionListener>[] = [];
  const hold: NodeJS.UnhandledRejectionListener = (...rejection) => held.push(rejection);
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", hold);
  return {
    find: (which) => held.find(([reason]) => which(reason))?.[0],
    release: (isOfProgram) => {
      process.off("unhandledRejection", hold);
      for (const listener of listeners) process.on("unhandledRejection", listener);
      for (const rejection of held.filter(([reason]) => !isOfProgram(reason)))
        for (const listener of listeners) listener(...rejection);
    },
  };
}
