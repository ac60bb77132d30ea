import { setImmediate } from "node:timers/promises";
import { runtime } from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state.js";
import type { Session } from "../session.ts";
import { PROGRAM_FAILED_AND_SAID_SO, type ProgramRun } from "./hosts.ts";
import { ProgramRejections } from "./program-rejections.ts";

/** Registers resources; gives the stack's outputs. */
export type Program = () => Promise<Record<string, unknown>>;

/** The SDK's state for one program among several in a process. It is internal, so the SDK's types don't have it. */
const { withLocalStorage } = state as unknown as { withLocalStorage: <T>(work: () => T) => T };

/** Runs the program with Pulumi's SDK in this process, as the Automation API runs an inline program. */
export function startProgram(session: Session, program: Program): ProgramRun {
  const { project, stack, config, preview, parallel, report } = session;
  const { address } = session.monitor;
  const killed = Promise.withResolvers<number>();
  const rejections = new ProgramRejections();
  const run = async (): Promise<number> => {
    runtime.resetOptions(project.name, stack, parallel, address, address, preview, "organization");
    runtime.setAllConfig(config.values, config.secretKeys);
    let failure: unknown;
    try {
      await runtime.runInPulumiStack(() => rejections.ofErrorsIn(program));
      await runtime.disconnect();
      // Node announces rejections that nobody handles after the promises that are settled by now.
      await setImmediate();
      failure = rejections.ofFailedResource;
      if (failure === undefined) await runtime.disconnect(true);
    } catch (error) {
      failure = error;
      await runtime.disconnect();
    }
    if (failure === undefined) return 0;
    report.error("", `Running the program failed: ${failure}`);
    return PROGRAM_FAILED_AND_SAID_SO;
  };
  const exited = Promise.race([withLocalStorage(run), killed.promise]).finally(() => rejections.close());
  return {
    exited,
    exitedOrKilled: async () => {
      await exited;
    },
    // The engine refuses what the program waits for, and then the SDK settles none of it.
    kill: () => killed.resolve(-1),
  };
}
