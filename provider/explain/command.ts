import type { Command, CommandDependencies, ExitCode } from "../command/command.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observeWithGuest } from "../observe/guest.ts";
import { formatNames } from "../plan/text.ts";
import { helpText, parseCommandLine } from "./command-line.ts";
import { draw } from "./drawing.ts";
import { explain } from "./explanation.ts";
import { explanationJson } from "./json.ts";
import { lookAtDevices } from "./look.ts";

/** `explain`, which draws the memory of a domain and lists its vCPUs and devices. */
export const explainCommand: Command = {
  summary: "shows a libvirt domain, its memory, vCPUs and devices, and what they can change to while it runs",
  help: helpText,
  run: runExplain,
};

async function runExplain(
  args: string[],
  { connect, out, terminal, clock }: CommandDependencies,
): Promise<ExitCode> {
  const request = parseCommandLine(args);
  const hypervisor = await connect(request.uri, { allowPlainTcp: request.allowPlainTcp }, clock);
  try {
    const domain = await findDomain(hypervisor, request.domain);
    const observation = await observeWithGuest(hypervisor, domain, clock);
    const devices = await lookAtDevices(hypervisor, domain, observation);
    const explanation = explain(hypervisor.uri, observation, request.options, devices);
    const json = () => `${JSON.stringify(explanationJson(explanation), null, 2)}\n`;
    await out(request.json ? json() : draw(explanation, terminal));
    return 0;
  } finally {
    await hypervisor.close();
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A longer list of names doesn't help a reader. */
const MOST_NAMES = 10;

async function findDomain(hypervisor: Hypervisor, domain: string): Promise<DomainRef> {
  const found =
    (await hypervisor.findByName(domain)) ??
    (UUID.test(domain) ? await hypervisor.findByUuid(domain.toLowerCase()) : undefined);
  if (found !== undefined) return found;
  const names = (await hypervisor.list()).map(({ name }) => name).sort();
  const listed = names.length === 0 ? "it has no domains" : `it has ${formatNames(names, MOST_NAMES)}`;
  throw new Error(`there is no domain "${domain}" on ${hypervisor.uri}; ${listed}`);
}
