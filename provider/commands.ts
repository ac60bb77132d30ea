import { suggestion } from "./args/suggestion.ts";
import {
  type Command,
  type CommandDependencies,
  type ExitCode,
  InputError,
  OutputError,
  UsageError,
} from "./command/command.ts";
import { drawHelpRows, HELP_COLUMNS } from "./command/options.ts";
import { wrap } from "./command/terminal.ts";
import { explainCommand } from "./explain/command.ts";
import { withoutPassword } from "./libvirt/uri-password.ts";
import { messageOf } from "./message-of.ts";
import { reviewCommand } from "./review/command.ts";
import { sizesCommand } from "./sizes/command.ts";

/** The subcommands by name. */
const COMMANDS: Readonly<Record<string, Command>> = {
  explain: explainCommand,
  review: reviewCommand,
  sizes: sizesCommand,
};

/**
 * Runs a command line.
 *
 * @param args the command line after the program's name
 */
export async function run(args: string[], dependencies: CommandDependencies): Promise<ExitCode> {
  let program = "pulumi-libvirt-hotplug";
  try {
    const request = requestOf(args);
    if (request.kind === "run") {
      program += ` ${request.name}`;
      return await commandNamed(request.name).run(request.args, dependencies);
    }
    await dependencies.out(request.command?.help() ?? helpText());
    return 0;
  } catch (caught) {
    const isUsage = caught instanceof UsageError;
    const hint = isUsage ? `Try ${program} --help\n` : "";
    dependencies.error(`pulumi-libvirt-hotplug: ${messageOf(caught)}\n${hint}`);
    return isUsage || caught instanceof InputError || caught instanceof OutputError ? 2 : 1;
  }
}

type Request = { kind: "help"; command?: Command } | { kind: "run"; name: string; args: string[] };

const HELP_FLAGS = ["-h", "--help"];

/** @throws UsageError */
function requestOf(args: string[]): Request {
  const [first, ...rest] = args;
  if (first === undefined) throw new UsageError(`missing command (${Object.keys(COMMANDS).join(", ")})`);
  if (first === "help") return rest[0] === undefined ? { kind: "help" } : help(commandNamed(rest[0]));
  // Options may be before the command.
  const index = first.startsWith("-") ? args.findIndex((arg) => Object.hasOwn(COMMANDS, arg)) : 0;
  if (index === -1 && args.some((arg) => HELP_FLAGS.includes(arg))) return { kind: "help" };
  if (index === -1) throw new UsageError(`missing command (${Object.keys(COMMANDS).join(", ")})`);
  return request(args[index] ?? "", args.toSpliced(index, 1));
}

/** @throws UsageError */
function request(name: string, args: string[]): Request {
  const command = commandNamed(name);
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  return options.some((arg) => HELP_FLAGS.includes(arg)) ? help(command) : { kind: "run", name, args };
}

function help(command: Command): Request {
  return { kind: "help", command };
}

/** @throws UsageError */
function commandNamed(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command;
  throw new UsageError(
    `unknown command "${withoutPassword(name)}"; ${suggestion(name, Object.keys(COMMANDS))}`,
  );
}

/** The text of --help. */
function helpText(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [name, summary]);
  return [
    "Usage: pulumi-libvirt-hotplug <command> [options]",
    "",
    ...drawHelpRows(rows).flat(),
    "",
    ...wrap(
      "pulumi-libvirt-hotplug <command> --help describes a command, its options and its exit codes.",
      HELP_COLUMNS,
    ),
    "",
  ].join("\n");
}
