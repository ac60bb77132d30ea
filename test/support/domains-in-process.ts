import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import packageJson from "../../package.json" with { type: "json" };
import { hostClock } from "../../provider/deadline.ts";
import { engineLog } from "../../provider/engine/log.ts";
import { connect as connectTo } from "../../provider/libvirt/connect.ts";
import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { pluginService } from "../../provider/plugin/service.ts";
import { createProvider } from "../../provider/provider.ts";
import { Domain } from "../../sdk/index.ts";
import type { Hosts, ProviderRun } from "../engine/hosts/hosts.ts";
import { inProcessHosts, type ProviderInProcess } from "../engine/hosts/in-process.ts";
import { DYNAMIC_PACKAGE } from "../engine/stack/urn.ts";
import type { ProgramFiles, ProviderHostKind } from "./stack-on-lab.ts";

const require = createRequire(import.meta.url);
const makeDomains: (sdk: typeof pulumi, type: typeof Domain, program: object) => Record<string, unknown> =
  require("./domains-program.cjs");
const recorded: (provider: pulumi.dynamic.ResourceProvider, file: string) => pulumi.dynamic.ResourceProvider =
  require("./recorded-provider.cjs");

const pluginDomain: (sdk: typeof pulumi) => typeof Domain = require("./plugin-domain.cjs");

/** A stack of domains with its program and the provider in this process, both from the sources. */
export function domainsInProcess(files: ProgramFiles): Hosts {
  const classes = { dynamic: () => Domain, plugin: () => pluginDomain(pulumi) };
  const kind = () => readFileSync(files.hostFile, "utf8") as ProviderHostKind;
  return inProcessHosts({
    program: async () =>
      makeDomains(pulumi, classes[kind()](), JSON.parse(readFileSync(files.domainsFile, "utf8"))),
    provider: (run) => (run.package === DYNAMIC_PACKAGE ? openProvider(run, files) : openPlugin(run)),
  });
}

function openProvider({ engineAddress, env }: ProviderRun, { callsFile }: ProgramFiles): ProviderInProcess {
  const { connect, close } = connections();
  const log = engineLog(engineAddress);
  const provider = createProvider({ connect, log, environment: env, clock: hostClock });
  return { kind: "dynamic", provider: recorded(provider, callsFile), close };
}

function openPlugin({ engineAddress, env }: ProviderRun): ProviderInProcess {
  const { connect, close } = connections();
  const service = pluginService({
    ...{ connect, engineLog, clock: hostClock, environment: env },
    ...{ address: engineAddress, version: packageJson.version, schema: "{}" },
  });
  return { kind: "plugin", service, close };
}

/** Pulumi starts a provider for each operation; closing its connections is what the end of its process does. */
function connections(): { connect: typeof connectTo; close: () => Promise<void> } {
  const made: Promise<Hypervisor>[] = [];
  return {
    connect: (...to) => {
      const connection = connectTo(...to);
      made.push(connection);
      return connection;
    },
    close: async () => {
      // One that isn't open yet, of a daemon that is silent, is given up.
      const pending = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
      for (const connection of made) {
        const open = await Promise.race([connection.catch(() => undefined), pending]);
        await open?.close();
      }
    },
  };
}
