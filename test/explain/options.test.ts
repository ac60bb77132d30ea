import { describe, expect, test } from "vitest";
import { DEFAULTS, HOTPLUG_SETTINGS } from "../../provider/args/settings.ts";
import { helpText, parseCommandLine } from "../../provider/explain/command-line.ts";
import { explain } from "../../provider/explain/explanation.ts";
import {
  ARGUMENT_OPTION_NAMES,
  ARGUMENT_OPTIONS,
  argumentsOf,
  COMMAND_OPTIONS,
  type ExplainOptions,
  flagOf,
  typedFor,
} from "../../provider/explain/options.ts";
import { programOf } from "../../provider/explain/program.ts";
import { canonicalSize } from "../../provider/units/size.ts";
import { observation, URI } from "../support/observations.ts";
import { running } from "../support/scene.ts";

/** A value that the domain of these tests allows, other than the default. */
const VALUES: Required<Omit<ExplainOptions, "memory">> = {
  alignment: "512MiB",
  maxDimmSize: "1GiB",
  targetNode: "spread",
  whenNotPossible: "restart",
  device: "virtio-mem",
  maxMemory: "4GiB",
  allowUnplug: true,
};

/** The lines of the help about an option. */
function helpOf(flag: string): string {
  const lines = helpText().split("\n");
  const first = lines.findIndex((line) => new RegExp(`^  (-\\w, )?--${flag}( |$)`).test(line));
  expect(first, `--${flag} is in the help`).toBeGreaterThan(-1);
  const next = lines.findIndex((line, index) => index > first && !line.startsWith("     "));
  return lines.slice(first, next).join(" ").replace(/ +/g, " ");
}

/** The same options, as a shell would pass them. */
function commandLine(options: ExplainOptions): string[] {
  const flags = ARGUMENT_OPTION_NAMES.flatMap((name) => {
    const value = options[name];
    if (value === undefined) return [];
    return typeof value === "string" ? [`--${flagOf(name)}`, value] : [`--${flagOf(name)}`];
  });
  return [URI, "web-1", ...(options.memory === undefined ? [] : [options.memory]), ...flags];
}

describe.each(ARGUMENT_OPTION_NAMES)("the option of %s", (name) => {
  const option = { [name]: VALUES[name] } as ExplainOptions;

  test("is in the help, with the argument that it sets", () => {
    expect(helpOf(flagOf(name))).toContain(` ${ARGUMENT_OPTIONS[name].sets}`);
  });

  test("is parsed", () => {
    expect(parseCommandLine(commandLine(option))).toEqual({
      uri: URI,
      domain: "web-1",
      options: option,
      json: false,
      allowPlainTcp: false,
    });
  });

  test("sets its argument in the program", () => {
    const { inputs } = programOf(option, observation(running()), true);
    const [first = "", second] = ARGUMENT_OPTIONS[name].sets.split(".");
    const argument = (inputs as unknown as Record<string, Record<string, unknown>>)[first];
    const value = second === undefined ? argument : argument?.[second];
    expect(value).toBe(name === "maxMemory" ? "4096MiB" : name === "maxDimmSize" ? "1024MiB" : VALUES[name]);
  });

  test("is what an error about the argument names", () => {
    const named = typeof VALUES[name] === "string" ? ` "${VALUES[name]}"` : "";
    expect(typedFor(ARGUMENT_OPTIONS[name].sets, option)).toBe(`--${flagOf(name)}${named}`);
    expect(typedFor(ARGUMENT_OPTIONS[name].sets, {})).toBeUndefined();
  });
});

test("all options at once, with a size, and the options that set no argument", () => {
  const options = { memory: "2GiB", ...VALUES };
  expect(parseCommandLine([...commandLine(options), "--json"])).toMatchObject({ options, json: true });
  for (const name of Object.keys(COMMAND_OPTIONS)) helpOf(name);
});

describe("the help has the real", () => {
  test("defaults", () => {
    const none = programOf({}, observation(running()), true).desired;
    expect(helpOf("alignment")).toContain(`(default: ${canonicalSize(none.alignment)})`);
    expect(helpOf("target-node")).toContain(`(default: ${none.target})`);
    expect(helpOf("when-not-possible")).toContain(`(default: "${none.whenNotPossible}")`);
    expect(helpOf("device")).toContain(`else "${none.device}")`);
    expect(helpOf("allow-unplug")).toContain(`(default: ${none.allowUnplug})`);
    expect(none).toMatchObject({ alignment: DEFAULTS.alignment, device: DEFAULTS.device });
  });

  test.each(["whenNotPossible", "device"] as const)("values of %s", (name) => {
    const message = () => explain(URI, observation(running()), { [name]: "wrong" });
    const [, values = ""] = /one of (.*?) \(/.exec(helpOf(flagOf(name))) ?? [];
    expect(message).toThrow(`must be one of ${values}`);
    expect(HOTPLUG_SETTINGS[name].schema.safeParse("wrong").error?.issues[0]?.message).toBe(
      `must be one of ${values}`,
    );
  });
});

test("arguments are nested as in a program", () => {
  expect(argumentsOf({ maxMemory: "4GiB", targetNode: "1", allowUnplug: true })).toEqual({
    maxMemory: "4GiB",
    hotplug: { targetNode: 1, allowUnplug: true },
  });
});
