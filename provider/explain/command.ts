import type { Clock } from "../deadline.ts";
import type { connect } from "../libvirt/connect.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { observeWithGuest } from "../observe/guest.ts";
import { helpText, parseCommandLine, UsageError } from "./command-line.ts";
import { draw } from "./drawing.ts";
import { explain } from "./explanation.ts";
import { explanationJson } from "./json.ts";
import type { Terminal } from "./terminal.ts";

/** What the command reads from and writes to. Tests replace it. */
export interface CommandDependencies {
  connect: typeof connect;
  out: (text: string) => void;
  error: (text: string) => void;
  terminal: Terminal;
  clock: Clock;
}

/**
 * Runs the command.
 *
 * @param args the command line after the program's name
 * @returns the exit code: 0, 1 for an error, 2 for invalid usage
 */
export async function run(
  args: string[],
  { connect, out, error, terminal, clock }: CommandDependencies,
): Promise<0 | 1 | 2> {
  try {
    const request = parseCommandLine(args);
    if (request.kind === "help") {
      out(helpText());
      return 0;
    }
    const hypervisor = await connect(request.uri, { allowPlainTcp: request.allowPlainTcp }, clock);
    try {
      const domain = await findDomain(hypervisor, request.domain);
      const observation = await observeWithGuest(hypervisor, domain, clock);
      const explanation = explain(hypervisor.uri, observation, request.options);
      const json = () => `${JSON.stringify(explanationJson(explanation), null, 2)}\n`;
      out(request.json ? json() : draw(explanation, terminal));
    } finally {
      await hypervisor.close();
    }
    return 0;
  } catch (caught) {
    const isUsage = caught instanceof UsageError;
    const hint = isUsage ? "Try pulumi-libvirt-hotplug --help\n" : "";
    error(`pulumi-libvirt-hotplug: ${messageOf(caught)}\n${hint}`);
    return isUsage ? 2 : 1;
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
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  const listed =
    names.length === 0 ? "it has no domains" : `it has ${names.slice(0, MOST_NAMES).join(", ")}${more}`;
  throw new Error(`there is no domain "${domain}" on ${hypervisor.uri}; ${listed}`);
}
