import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { dynamic } from "@pulumi/pulumi";
import type { Hosts, ProviderRun, ProviderServer } from "./hosts.ts";
import { callPlugin } from "./plugin-in-process.ts";
import { type Program, startProgram } from "./program-in-process.ts";
import { serveProvider } from "./provider-in-process.ts";

/** The provider of one operation; `close` ends what it has open. */
export type ProviderInProcess = { close: () => Promise<void> } & (
  | { kind: "dynamic"; provider: dynamic.ResourceProvider }
  | { kind: "plugin"; service: UntypedServiceImplementation }
);

export interface InProcess {
  program: Program;
  provider: (run: ProviderRun) => ProviderInProcess;
}

/**
 * Runs program and provider in this process: an operation takes milliseconds instead of the second and a half that
 * Pulumi's two hosts need to start. For tests whose subject is neither a host nor a process.
 */
export function inProcessHosts({ program, provider: open }: InProcess): Hosts {
  return {
    note: ", program and provider in its own process",
    startProgram: (session) => startProgram(session, program),
    startProvider: (run) => serverOf(open(run), run),
  };
}

function serverOf(opened: ProviderInProcess, run: ProviderRun): ProviderServer {
  const stop = opened.close;
  switch (opened.kind) {
    case "dynamic":
      return { kind: "dynamic", client: Promise.resolve(serveProvider(opened.provider, run)), stop };
    case "plugin":
      return { kind: "plugin", client: Promise.resolve(callPlugin(opened.service)), stop };
  }
}
