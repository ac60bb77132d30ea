import type { dynamic } from "@pulumi/pulumi";
import type { Hosts, ProviderRun } from "./hosts.ts";
import { type Program, startProgram } from "./program-in-process.ts";
import { serveProvider } from "./provider-in-process.ts";

export interface InProcess {
  program: Program;
  /** Makes the provider of one operation; `close` ends what it has open. */
  provider: (run: ProviderRun) => { provider: dynamic.ResourceProvider; close: () => Promise<void> };
}

/**
 * Runs program and provider in this process: an operation takes milliseconds instead of the second and a half that
 * Pulumi's two hosts need to start. For tests whose subject is neither a host nor a process.
 */
export function inProcessHosts({ program, provider: open }: InProcess): Hosts {
  return {
    note: ", program and provider in its own process",
    startProgram: (session) => startProgram(session, program),
    startProvider: (run) => {
      const { provider, close } = open(run);
      return { kind: "dynamic", client: Promise.resolve(serveProvider(provider, run)), stop: close };
    },
  };
}
