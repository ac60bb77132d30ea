import { DYNAMIC_PACKAGE } from "../stack/urn.ts";
import type { Hosts } from "./hosts.ts";
import { startPluginProcess } from "./plugin-process.ts";
import { startProgramProcess } from "./program-process.ts";
import { startProviderProcess } from "./provider-process.ts";

/** A process each for the program and for each provider in use, as the real engine starts them. */
export const PULUMI_HOSTS: Hosts = {
  note: "",
  startProgram: startProgramProcess,
  startProvider: (run) =>
    run.package === DYNAMIC_PACKAGE ? startProviderProcess(run) : startPluginProcess(run),
};
