import type { ParseArgsOptionsConfig } from "node:util";
import type { Failure } from "../args/failure.ts";
import {
  type Command,
  type CommandDependencies,
  type ExitCode,
  InputError,
  UsageError,
} from "../command/command.ts";
import {
  type CommandOption,
  drawHelpRows,
  HELP,
  HELP_COLUMNS,
  helpRows,
  parseOptions,
} from "../command/options.ts";
import { wrap } from "../command/terminal.ts";
import { defined } from "../defined.ts";
import { messageOf } from "../message-of.ts";
import { formatSize, parseSize } from "../units/size.ts";
import { MOST_SIZES, type NamedSize } from "./catalogue-args.ts";
import { nameOf, readCatalogueInput } from "./catalogue-file.ts";
import { checkCatalogue } from "./check-catalogue.ts";
import { checkJson } from "./check-json.ts";
import { failureLines } from "./failure-lines.ts";
import { fleetOf, readFleet } from "./fleet.ts";
import { drawSteps } from "./matrix.ts";
import { type Suggestion, type SuggestOptions, suggestCatalogue } from "./suggest.ts";
import { suggestionJson, suggestionText } from "./suggestion-text.ts";

/** More sizes are hard to tell apart. */
const DEFAULT_COUNT = 6;

const OPTIONS = {
  json: { type: "boolean", help: "print JSON, with sizes as in the resource's arguments" },
  uri: { type: "string", value: "uri", help: "suggest: for the domains of this host, which isn't changed" },
  step: {
    type: "string",
    value: "size",
    help: "suggest: the sizes are multiples of this (default: 1GiB, or less for small VMs)",
  },
  ceiling: {
    type: "string",
    value: "size",
    help: "suggest: the most that a domain can grow to (default: twice the largest size)",
  },
  count: {
    type: "string",
    value: "number",
    help: `suggest: maximum number of sizes, 1 to ${MOST_SIZES} (default: ${DEFAULT_COUNT})`,
  },
  "allow-plain-tcp": { type: "boolean", help: "connect by qemu+tcp to another host, unencrypted" },
  help: HELP,
} as const satisfies ParseArgsOptionsConfig & Record<string, CommandOption>;

/** `sizes`, which checks a catalogue of sizes, and suggests one. */
export const sizesCommand: Command = {
  summary: "checks that each step of a catalogue of VM sizes is live, or suggests such a catalogue",
  help: helpText,
  run: runSizes,
};

async function runSizes(args: string[], dependencies: CommandDependencies): Promise<ExitCode> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  const [action, file, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest.join(" ")}`);
  if (action === "check") {
    const unused = (["uri", "step", "ceiling", "count", "allow-plain-tcp"] as const).find(
      (name) => values[name] !== undefined,
    );
    if (unused !== undefined) throw new UsageError(`--${unused} is an option of sizes suggest`);
    if (!file) throw new UsageError("sizes check needs <file>, a catalogue in YAML or JSON");
    return check(file, values.json === true, dependencies);
  }
  if (action !== "suggest")
    throw new UsageError(`sizes needs check or suggest${action === undefined ? "" : `, not "${action}"`}`);
  if (!file === (values.uri === undefined))
    throw new UsageError("sizes suggest needs either <file>, a list of VMs, or --uri, a host");
  if (values.uri === undefined && values["allow-plain-tcp"] !== undefined)
    throw new UsageError("--allow-plain-tcp is an option for --uri");
  const options = suggestOptions(values);
  const vms =
    values.uri === undefined
      ? await vmsIn(file ?? "", dependencies)
      : await domainsOf(values.uri, values["allow-plain-tcp"] === true, dependencies);
  return suggest(vms, options, values.json === true, dependencies);
}

async function check(
  file: string,
  json: boolean,
  { input, out, terminal }: CommandDependencies,
): Promise<ExitCode> {
  const checked = checkCatalogue(await readCatalogueInput(file, input));
  const { kind, failures } = checked;
  if (kind === "planned")
    await out(
      `${json ? JSON.stringify(checkJson(checked), null, 2) : drawSteps(checked, terminal).join("\n")}\n`,
    );
  if (failures.length === 0) return 0;
  const text = `${nameOf(file)} is refused:\n${failureLines(failures)}`;
  throw kind === "invalid" ? new InputError(text) : new Error(text);
}

async function suggest(
  vms: NamedSize[],
  options: SuggestOptions,
  json: boolean,
  { out }: CommandDependencies,
): Promise<ExitCode> {
  const suggestion = suggestCatalogue(vms, options);
  const { kind } = suggestion.checked;
  const failures = failuresOf(suggestion, options);
  if (failures.length > 0) {
    const text = `no catalogue with live steps was found for these VMs:\n${failureLines(failures)}`;
    throw kind === "invalid" ? new InputError(text) : new Error(text);
  }
  await out(json ? `${JSON.stringify(suggestionJson(suggestion), null, 2)}\n` : suggestionText(suggestion));
  return 0;
}

/** Why there is no suggestion: what an option sets has its name. */
function failuresOf({ checked, nearest }: Suggestion, { step, ceiling }: SuggestOptions): Failure[] {
  const largest = nearest.reduce((most, { size }) => Math.max(most, size.memory), 0);
  if (ceiling !== undefined && ceiling < largest) {
    const reason = `is ${formatSize(ceiling)}, below the largest size that the VMs need (${formatSize(largest)}); raise it`;
    return [{ property: "--ceiling", reason }];
  }
  const options = defined({ step, ceiling });
  return checked.failures.map(({ property, reason }) => ({
    property: Object.hasOwn(options, property) ? `--${property}` : property,
    reason,
  }));
}

/** @throws InputError */
async function vmsIn(file: string, { input }: CommandDependencies): Promise<NamedSize[]> {
  const { vms, failures } = readFleet(await readCatalogueInput(file, input));
  if (failures.length > 0) throw new InputError(`${nameOf(file)} is refused:\n${failureLines(failures)}`);
  return vms;
}

async function domainsOf(
  uri: string,
  allowPlainTcp: boolean,
  { connect, clock }: CommandDependencies,
): Promise<NamedSize[]> {
  const hypervisor = await connect(uri, { allowPlainTcp }, clock);
  try {
    const vms = await fleetOf(hypervisor);
    if (vms.length === 0) throw new Error(`${hypervisor.uri} has no domains to suggest sizes for`);
    return vms;
  } finally {
    await hypervisor.close();
  }
}

/** @throws UsageError */
function suggestOptions({
  step,
  ceiling,
  count,
}: {
  step?: string;
  ceiling?: string;
  count?: string;
}): SuggestOptions {
  const sizes = Object.entries({ step, ceiling }).flatMap(([name, typed]) =>
    typed === undefined ? [] : [[name, sizeOf(name, typed)]],
  );
  const most = count === undefined ? DEFAULT_COUNT : Number(count);
  if (!/^\d*$/.test(count ?? "") || most < 1 || most > MOST_SIZES)
    throw new UsageError(`--count: "${count}" is not a whole number from 1 to ${MOST_SIZES}`);
  return { count: most, ...Object.fromEntries(sizes) };
}

function sizeOf(name: string, typed: string): number {
  try {
    return parseSize(typed);
  } catch (error) {
    throw new UsageError(`--${name}: "${typed}" ${messageOf(error)}`);
  }
}

const USAGE = `Usage: pulumi-libvirt-hotplug sizes check <file> [--json]
       pulumi-libvirt-hotplug sizes suggest <file> [options]
       pulumi-libvirt-hotplug sizes suggest --uri <uri> [options]

check prints the outcome of each step between the sizes of a catalogue, such as
live or replace. suggest prints a catalogue with live steps for the VMs of a
list or of a host, and the nearest size of each VM. Nothing is changed.

  <file>     for check, a catalogue such as
               step: 1GiB
               ceiling: 32GiB
               sizes:
                 small: { memory: 2GiB, vcpus: 1 }
             for suggest, a list of VMs such as
               - { name: web-1, memory: 3GiB, vcpus: 2 }
             both in YAML or JSON; "-": standard input

Options:`;

const EXIT_CODES =
  "Exit codes: 0; 1 for a catalogue with a promised step that isn't live, or another error; 2 for invalid usage or an invalid file.";

function helpText(): string {
  return [USAGE, ...drawHelpRows(helpRows(OPTIONS)).flat(), "", ...wrap(EXIT_CODES, HELP_COLUMNS), ""].join(
    "\n",
  );
}
