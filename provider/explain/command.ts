import { parseArgs } from "node:util";
import type { Clock } from "../deadline.ts";
import type { connect } from "../libvirt/connect.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observeWithGuest } from "../observe/guest.ts";
import { draw } from "./drawing.ts";
import { explain } from "./explanation.ts";
import { explanationJson } from "./json.ts";
import type { ExplainOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

const HELP = `Usage: pulumi-libvirt-hotplug explain <uri> <domain> [size] [options]

Shows the memory of a libvirt domain, whoever made it; the sizes that it can go
to while it runs; and for a size what \`pulumi up\` would do. It changes nothing.

  <uri>      libvirt's, such as qemu:///system or qemu+ssh://root@host/system
  <domain>   its name or its UUID
  <size>     such as 4GiB or 1259MiB

What a program may say beside the size; the stack's configuration isn't read:
  --alignment <size>         hotplug.alignment; default 256MiB
  --max-dimm-size <size>     hotplug.maxDimmSize; default: as large as needed
  --target-node <node>       hotplug.targetNode, a number or "spread"; default 0
  --when-not-possible <way>  hotplug.whenNotPossible: "replace" (the default),
                             "restart", "nextBoot" or "error"
  --device <kind>            hotplug.device, "dimm" or "virtio-mem"; default: as
                             the domain has it
  --max-memory <size>        maxMemory; default: what the domain has
  --allow-unplug             hotplug.allowUnplug: true

  --json                     for programs: sizes as in the resource's outputs
  --help

Exit codes: 0; 1 for an error, such as no such domain; 2 for wrong usage.
`;

const OPTIONS = {
  "max-memory": { type: "string" },
  device: { type: "string" },
  alignment: { type: "string" },
  "max-dimm-size": { type: "string" },
  "target-node": { type: "string" },
  "when-not-possible": { type: "string" },
  "allow-unplug": { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** The command was typed wrongly. */
class UsageError extends Error {}

/** What the command stands on; replaced in tests. */
export interface CommandDependencies {
  connect: typeof connect;
  out: (text: string) => void;
  error: (text: string) => void;
  paper: Terminal;
  clock: Clock;
}

/**
 * Runs the command.
 *
 * @param args what stands behind the program's name
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage
 */
export async function run(
  args: string[],
  { connect, out, error, paper, clock }: CommandDependencies,
): Promise<0 | 1 | 2> {
  try {
    const order = parse(args);
    if (order === "help") {
      out(HELP);
      return 0;
    }
    const { uri, domain, question, json } = order;
    const hypervisor = await connect(uri);
    try {
      const found = await findDomain(hypervisor, domain);
      const observation = await observeWithGuest(hypervisor, found, clock);
      const explanation = explain(hypervisor.uri, observation, question);
      out(json ? `${JSON.stringify(explanationJson(explanation), null, 2)}\n` : draw(explanation, paper));
    } finally {
      await hypervisor.close();
    }
    return 0;
  } catch (caught) {
    const { message } = caught as Error;
    const isUsage = caught instanceof UsageError;
    error(`pulumi-libvirt-hotplug: ${message}\n${isUsage ? "Try pulumi-libvirt-hotplug --help\n" : ""}`);
    return isUsage ? 2 : 1;
  }
}

function parse(
  args: string[],
): "help" | { uri: string; domain: string; question: ExplainOptions; json: boolean } {
  const { values, positionals } = parsed(args);
  const [command, uri, domain, size, ...rest] = positionals;
  if (values.help === true || command === "help") return "help";
  if (command !== "explain")
    throw new UsageError(
      command === undefined ? "wanted a command: explain" : `there is no command "${command}", only explain`,
    );
  if (uri === undefined || domain === undefined) throw new UsageError("explain wants a URI and a domain");
  if (rest.length > 0) throw new UsageError(`explain wants one size at most, found also ${rest.join(" ")}`);
  const question = {
    memory: size,
    maxMemory: values["max-memory"],
    device: values.device,
    alignment: values.alignment,
    maxDimmSize: values["max-dimm-size"],
    targetNode: values["target-node"],
    whenNotPossible: values["when-not-possible"],
    allowUnplug: values["allow-unplug"],
  };
  const said = Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined));
  return { uri, domain, question: said, json: values.json === true };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** More names than this are no help. */
const MOST_NAMES = 10;

async function findDomain(hypervisor: Hypervisor, domain: string): Promise<DomainRef> {
  const found =
    (await hypervisor.findByName(domain)) ??
    (UUID.test(domain) ? await hypervisor.findByUuid(domain.toLowerCase()) : undefined);
  if (found !== undefined) return found;
  const names = (await hypervisor.list()).map(({ name }) => name).sort();
  const more = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : "";
  const there = names.length === 0 ? "it has none" : `it has ${names.slice(0, MOST_NAMES).join(", ")}${more}`;
  throw new Error(`there is no domain ${domain} on ${hypervisor.uri}; ${there}`);
}
