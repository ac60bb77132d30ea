import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { hostClock } from "../../provider/deadline.ts";
import { engineLog } from "../../provider/engine/log.ts";
import { connect } from "../../provider/libvirt/connect.ts";
import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { createProvider } from "../../provider/provider.ts";
import { Domain } from "../../sdk/index.ts";
import type { Hosts, ProviderRun } from "../engine/hosts/hosts.ts";
import { inProcessHosts } from "../engine/hosts/in-process.ts";

const require = createRequire(import.meta.url);
const makeDomains: (sdk: typeof pulumi, type: typeof Domain, program: object) => Record<string, unknown> =
  require("./domains-program.cjs");
const recorded: (provider: pulumi.dynamic.ResourceProvider, file: string) => pulumi.dynamic.ResourceProvider =
  require("./recorded-provider.cjs");

/** A stack of domains with its program and the provider in this process, both from the sources. */
export function domainsInProcess(files: { domainsFile: string; callsFile: string }): Hosts {
  return inProcessHosts({
    program: async () => makeDomains(pulumi, Domain, JSON.parse(readFileSync(files.domainsFile, "utf8"))),
    provider: (run) => {
      const { provider, close } = openProvider(run);
      return { provider: recorded(provider, files.callsFile), close };
    },
  });
}

/** A provider as Pulumi starts one for each operation; closing its connections is what the end of its process does. */
function openProvider({ engineAddress, env }: ProviderRun) {
  const connections: Promise<Hypervisor>[] = [];
  const provider = createProvider({
    connect: (...to) => {
      const connection = connect(...to);
      connections.push(connection);
      return connection;
    },
    log: engineLog(engineAddress),
    environment: env,
    clock: hostClock,
  });
  const close = async () => {
    // One that isn't open yet, of a daemon that is silent, is given up.
    const pending = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    for (const connection of connections) {
      const open = await Promise.race([connection.catch(() => undefined), pending]);
      await open?.close();
    }
  };
  return { provider, close };
}
