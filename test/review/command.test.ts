import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";
import { createStep, deleteStep, mixedFleet, preview, updateStep, urnOf } from "./fleet.ts";

const RECORDED = join(import.meta.dirname, "recorded");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "review-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe("the input is a file, or standard input", () => {
  test.each([[["review"]], [["review", "-"]]])("%j", async (args) => {
    const { code, out, error } = await commandLine(args, preview([updateStep()]));
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toContain("### libvirt domains: 1 live");
  });

  test("a file, in UTF-8 with a mark or in the UTF-16 of PowerShell", async () => {
    const text = preview([updateStep()]);
    const expected = (await commandLine(["review", file("a.json", text)])).out;
    const utf16 = file("b.json", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]));
    const marked = file("c.json", `\ufeff${text}`);
    const bigEndian = Buffer.from(`\ufeff${text}`, "utf16le").swap16();
    for (const path of [utf16, marked, file("d.json", bigEndian)])
      expect(await commandLine(["review", path])).toEqual({ code: 0, error: "", out: expected });
  });

  test("a document on one line", async () => {
    const line = JSON.stringify(JSON.parse(preview([updateStep()])));
    expect((await commandLine(["review"], line)).out).toContain("1 live");
  });
});

describe("bad input is exit code 2, with a sentence that has what would work, and nothing is written", () => {
  const real = readFileSync(join(RECORDED, "plugin/preview.json"), "utf8");
  const log = readFileSync(join(RECORDED, "plugin/up.events.json"), "utf8");
  test.each([
    ["nothing", "", /is empty; .*pulumi preview --json/],
    ["blanks", "\n\n", /is not JSON: .*pulumi preview --json/],
    [
      "a preview as text",
      "Previewing update (prod):\n",
      /is not JSON: it begins with "Previewing update.*--json/,
    ],
    ["a warning before it", `warning: x\n${real}`, /begins with "warning: x".*only its standard output/],
    ["a preview that is cut off", real.slice(0, real.length / 2), /ends in the middle .*again/],
    [
      "a log line after it",
      `${real}error: exit status 1\n`,
      /more text after the JSON \("error: exit.*only its standard/,
    ],
    ["two of them", real + real, /more than one document; review the output of each/],
    ["two of them, a line each", `{"steps":[]}\r\n{"steps":[]}\r\n`, /more than one document; review/],
    ["JSON with a fault", `{"steps": [}`, /is not JSON: it can't be parsed.*pulumi preview --json/],
    ["a log that is cut off in a line", log.slice(0, log.length / 2), /cut off or not JSON in line \d+/],
    [
      "a log that is cut off after a line",
      log.split("\n").slice(0, 20).join("\n"),
      /has no summary: the log ends before the run does/,
    ],
    ["an array", "[]", /is not an object/],
    ["a text", '"x"', /is not an object/],
    [
      "a plan of Terraform",
      '{"format_version":"1.2","resource_changes":[]}',
      /terraform show -json; expected/,
    ],
    ["a state", '{"version":3,"deployment":{}}', /pulumi stack export, which has no plan; expected/],
    ["a saved plan", '{"manifest":{},"resourcePlans":{}}', /--save-plan, which has no state; expected/],
    ["something else", '{"a":1}', /has no "steps"; expected/],
    ["steps of something else", '{"steps":[{"name":"x"}]}', /steps\[0\] has no "op" and "urn"; expected/],
    ["no steps", '{"steps":[1]}', /steps\[0\] is not an object; expected/],
    [
      "an older Pulumi's preview without states",
      JSON.stringify({ steps: [{ op: "update", urn: urnOf("web-1") }] }),
      /has no oldState.*Pulumi 3/,
    ],
  ])("%s", async (_, input, message) => {
    const svg = join(folder, "svg");
    const output = join(folder, "comment.md");
    const { code, out, error } = await commandLine(["review", "--svg", svg, "--output", output], input);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(/^pulumi-libvirt-hotplug: standard input/);
    expect(error).toMatch(message);
    expect(error.trimEnd().split("\n")).toHaveLength(1);
    expect([existsSync(svg), existsSync(output)]).toEqual([false, false]);
  });

  test("100 MB, of which no more than the limit is read", async () => {
    let read = 0;
    const chunk = Buffer.alloc(1024 * 1024, " ");
    const input = (function* () {
      for (; read < 100; read++) yield chunk;
    })();
    const { code, out, error } = await commandLine(["review"], input);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(/larger than 64 MiB; .*split the stack/);
    expect(read).toBeLessThan(90);
  });

  test("what isn't text", async () => {
    const { code, error } = await commandLine(["review", file("x", Buffer.from([0x7b, 0xff, 0xc3, 0x28]))]);
    expect(code).toBe(2);
    expect(error).toMatch(/is not text in UTF-8 or UTF-16/);
  });

  test.each(["nowhere.json", "."])("a file that can't be read: %s", async (name) => {
    const { code, out, error } = await commandLine(["review", join(folder, name)]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(/can't be read: (ENOENT|EISDIR)/);
  });

  test("a preview with --after", async () => {
    const { code, error } = await commandLine(["review", "--after"], preview([updateStep()]));
    expect(code).toBe(2);
    expect(error).toContain("is a preview; --after needs the output of a finished pulumi up --json");
  });

  test.each([
    ["not JSON", "x", /is not JSON; --compare needs/],
    ["a preview", preview([]), /is not a review; --compare needs/],
    ["a later format", '{"tool":"pulumi-libvirt-hotplug review","format":9}', /has format 9, but/],
  ])("an earlier review that is %s", async (_, text, message) => {
    const args = ["review", "--compare", file("old.json", text)];
    const { code, out, error } = await commandLine(args, preview([updateStep()]));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(message);
  });

  test("an earlier review of another stack", async () => {
    const text = preview([updateStep()]);
    const other = text.replaceAll("urn:pulumi:prod::fleet::", "urn:pulumi:dev::fleet::");
    const earlier = file("other.json", (await commandLine(["review", "--format", "json"], other)).out);
    const { code, out, error } = await commandLine(["review", "--compare", earlier], text);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain('is the review of stack "fleet/dev", but this one is of "fleet/prod"');
  });
});

test("a preview without domains of this provider is one line", async () => {
  const other = {
    op: "create",
    urn: "urn:pulumi:prod::web::aws:s3:Bucket::b",
    newState: { type: "aws:s3:Bucket" },
  };
  const { code, out } = await commandLine(["review"], preview([other]));
  expect(code).toBe(0);
  expect(out.trimEnd().split("\n").slice(1)).toEqual([
    "No libvirt domain changes. Other resources, not judged: 1 create.",
  ]);
});

describe("invalid usage is exit code 2", () => {
  test.each([
    [["a", "b"], "unexpected argument: b"],
    [["--format", "html"], '--format: unknown value "html"; expected one of markdown, json, github'],
    [["--format", "markdow"], 'did you mean "markdown"?'],
    [["--fail-on", "replace,reboot"], '--fail-on: unknown value "reboot"'],
    [["--limit", "100"], "is not a whole number of at least 4096"],
    [["--limit", "many"], "is not a whole number"],
    [["--docs", "x) [y](z"], "--docs must be an address"],
    [["--nothing"], 'unknown option "--nothing"; expected one of '],
    [["--fail-on", "replace", "--fail-on=restart"], "--fail-on is given more than once"],
    [["--docs", `https://docs.example.com/${"x".repeat(200)}`], "of at most 200 characters"],
    [["--compare", "-"], "only one of the input and --compare"],
    [["--output", ""], "--output: the path is empty"],
    [["--svg="], "--svg: the path is empty"],
  ])("%j", async (args, message) => {
    const { code, out, error } = await commandLine(["review", ...args], preview([updateStep()]));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(message);
  });
});

describe("the exit code for CI", () => {
  const statusOf = async (steps: object[], ...args: string[]) =>
    (await commandLine(["review", ...args], preview(steps))).code;

  test("0 without --fail-on", async () => {
    expect(await statusOf(mixedFleet())).toBe(0);
  });

  test.each(["replace", "delete", "restart", "unknown", "nextBoot"])(
    "1 for %s, if it is listed",
    async (one) => {
      const others = ["replace", "delete", "restart", "unknown", "nextBoot"].filter((other) => other !== one);
      const only = mixedFleet().filter((step) =>
        statusNames[one]?.includes(step.urn.split("::").at(-1) ?? ""),
      );
      expect(only).toHaveLength(1);
      expect(await statusOf(only, "--fail-on", one)).toBe(1);
      expect(await statusOf(only, "--fail-on", others.join(","))).toBe(0);
      expect(await statusOf([updateStep(), createStep()], "--fail-on", one)).toBe(0);
    },
  );

  test("1 for a refusal, also without --fail-on; the review is written all the same", async () => {
    const error = { urn: urnOf("strict-1"), severity: "error", message: "refused: too small" };
    const { code, out } = await commandLine(["review"], preview([], [error]));
    expect(code).toBe(1);
    expect(out).toContain("**refused**");
  });
});

const statusNames: Record<string, string[]> = {
  replace: ["again-1"],
  delete: ["old-1"],
  restart: ["stop-1"],
  unknown: ["unsure-1"],
  nextBoot: ["boot-1"],
};

describe("--format github annotates the lines of the program", () => {
  test("with the position in the repository", async () => {
    const { out } = await commandLine(
      ["review", "--format", "github", "--folder", "./infra/"],
      preview([updateStep({ now: { memory: "1100MiB" } }), deleteStep()]),
    );
    const [replace = "", remove = ""] = out.split("\n");
    expect(replace).toMatch(
      /^::error file=infra\/index\.ts,line=12,col=5,title=web-1::replace \(1003 → 1100 MiB\): the increase of 97 MiB .* \[not-aligned\]%0AIs the downtime intended/,
    );
    expect(remove).toMatch(/^::warning file=infra\/index\.ts,line=12,col=5,title=old-1::delete/);
    expect(out.trimEnd().split("\n")).toHaveLength(2);
  });

  test("a name can't add a command, and a position outside of the project isn't one", async () => {
    const step = updateStep({ name: "a,line=1::b\n::error::c%0A" });
    const newState = { ...step.newState, sourcePosition: "project:///../other/index.ts#3,1" };
    const { out } = await commandLine(["review", "--format", "github"], preview([{ ...step, newState }]));
    expect(out.trimEnd().split("\n")).toHaveLength(1);
    expect(out).toMatch(/^::notice title=a%2Cline=1%3A%3Ab %3A%3Aerror%3A%3Ac%250A::live/);
  });
});

describe("--format github after an update", () => {
  const failed = (name: string) => readFileSync(join(RECORDED, `plugin/failed-${name}.json`), "utf8");

  test.each([
    [
      "update",
      [
        /^::error title=db-1::failed \(next boot 256 → 300 MiB\): Unable to detach disk "b" /,
        /^::error title=old-1::unfinished \(delete 256 MiB\): the run ended before this change began$/,
        /^::notice title=api-1::done \(replace 256 → 300 MiB\)$/,
      ],
    ],
    [
      "replace",
      [
        /^::error title=slow-1::gone \(replace 256 MiB\): the domain is deleted and doesn't exist; /,
        /^::error title=batch-1::failed \(replace 256 MiB\): /,
      ],
    ],
    [
      "preview",
      [/^::error title=libvirt domains::The update didn't run, /, /^::error title=strict-1::refused: /],
    ],
  ])("%s", async (name, expected) => {
    const { code, out } = await commandLine(["review", "--after", "--format", "github"], failed(name));
    expect(code).toBe(1);
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(lines[index]).toMatch(pattern);
  });

  test("a run that failed before it had a domain has an annotation", async () => {
    const text = preview([], [{ severity: "error", message: "error: no program" }]);
    const { code, out } = await commandLine(["review", "--format", "github"], text);
    expect(code).toBe(1);
    expect(out).toBe(
      "::error title=libvirt domains::The run failed: an error outside the libvirt domains, before it reached any of them.\n",
    );
  });
});

describe("--stack", () => {
  const now = preview([updateStep()]);

  test("is in the heading, in the first line, and in the JSON", async () => {
    const { out } = await commandLine(["review", "--stack", "my-org/prod"], now);
    expect(out).toMatch(
      /^<!-- pulumi-libvirt-hotplug review my-org\/prod -->\n### libvirt domains of `my-org\/prod`: 1 live\n/,
    );
    const json = await commandLine(["review", "--stack", "my-org/prod", "--format", "json"], now);
    expect(JSON.parse(json.out)).toMatchObject({ stack: "my-org/prod" });
    expect(JSON.parse((await commandLine(["review", "--format", "json"], now)).out).stack).toBeNull();
  });

  test.each(["", "a".repeat(301), "🙂".repeat(30)])("refuses %j", async (stack) => {
    const { code, error } = await commandLine(["review", "--stack", stack], now);
    expect(code).toBe(2);
    expect(error).toMatch(/--stack: the name is (empty|too long); expected/);
  });

  test.each([
    ["prod", "prod", 0],
    [undefined, "prod", 0],
    ["prod", undefined, 0],
    ["prod", "dev", 2],
  ])("%s is compared with %s: exit code %i", async (stack, other, expected) => {
    const named = (name: string | undefined) => (name === undefined ? [] : ["--stack", name]);
    const { out } = await commandLine(["review", "--format", "json", ...named(other)], now);
    const args = ["review", "--compare", file("old.json", out), ...named(stack)];
    const { code, error } = await commandLine(args, now);
    expect(code).toBe(expected);
    if (expected === 2) expect(error).toContain('is the review of stack "dev", but this one is of "prod"');
  });
});

describe("--compare has what is different since an earlier review", () => {
  test("in Markdown and in JSON", async () => {
    const old = preview([
      updateStep({ name: "a" }),
      updateStep({ name: "b" }),
      updateStep({ name: "c" }),
      updateStep({ name: "d" }),
    ]);
    const earlier = file("old.json", (await commandLine(["review", "--format", "json"], old)).out);
    const now = preview([
      updateStep({ name: "a" }),
      updateStep({ name: "b", now: { memory: "1100MiB" } }),
      updateStep({ name: "d", now: { memory: "1515MiB" } }),
      updateStep({ name: "e" }),
    ]);
    const { out } = await commandLine(["review", "--compare", earlier], now);
    expect(out).toContain(
      [
        "**Since the last comment**",
        "",
        "- `b`: now replace, 1003 → 1100 MiB (was live, 1003 → 1259 MiB)",
        "- `d`: now live, 1003 → 1515 MiB (was live, 1003 → 1259 MiB)",
        "- `e`: new, live, 1003 → 1259 MiB",
        "- `c`: no longer changes (was live, 1003 → 1259 MiB)",
      ].join("\n"),
    );
    const json = JSON.parse(
      (await commandLine(["review", "--compare", earlier, "--format", "json"], now)).out,
    );
    expect(json.comparison.gone).toEqual([{ resource: "c", from: "live, 1003 → 1259 MiB" }]);
  });

  test("of domains that are created or deleted, which have one number of vCPUs", async () => {
    const old = preview([createStep("a"), createStep("b"), deleteStep("c")]);
    const earlier = file("old.json", (await commandLine(["review", "--format", "json"], old)).out);
    const now = preview([createStep("a"), updateStep({ name: "b" }), deleteStep("d")]);
    const { out } = await commandLine(["review", "--compare", earlier], now);
    const [, list = ""] = /\*\*Since the last comment\*\*\n\n(.*?)\n\n/s.exec(out) ?? [];
    expect(list.split("\n")).toEqual([
      "- `b`: now live, 1003 → 1259 MiB (was create, 1259 MiB, 1 vCPU)",
      "- `d`: new, delete, 1003 MiB, 1 vCPU",
      "- `c`: no longer changes (was delete, 1003 MiB, 1 vCPU)",
    ]);
  });

  test("of the results of updates", async () => {
    const log = (...names: string[]) =>
      [
        { sequence: 0, preludeEvent: {} },
        ...["a", "b"].flatMap((name) => {
          const { op, urn, oldState, newState } = updateStep({ name });
          const metadata = {
            op,
            urn,
            type: newState?.type,
            old: oldState,
            new: { ...oldState, inputs: newState?.inputs },
          };
          const end = names.includes(name) ? "resOutputsEvent" : "resOpFailedEvent";
          return [
            { sequence: 1, resourcePreEvent: { metadata } },
            { sequence: 1, [end]: { metadata } },
          ];
        }),
        { sequence: 2, summaryEvent: { isPreview: false } },
      ]
        .map((event) => JSON.stringify(event))
        .join("\n");
    const after = ["review", "--after", "--format", "json"];
    const earlier = file("old.json", (await commandLine(after, log("a"))).out);
    const { comparison } = JSON.parse(
      (await commandLine([...after, "--compare", earlier], log("a", "b"))).out,
    );
    expect(comparison).toEqual({
      changed: [{ resource: "b", from: "failed: live, 1003 → 1259 MiB", to: "done: live, 1003 → 1259 MiB" }],
      ...{ appeared: [], gone: [] },
    });
  });

  test("nothing", async () => {
    const text = preview([updateStep()]);
    const earlier = file("old.json", (await commandLine(["review", "--format", "json"], text)).out);
    const { out } = await commandLine(["review", "--compare", earlier], text);
    expect(out).toContain("Nothing has changed since the last comment.");
  });

  test("where nothing changes any more", async () => {
    const earlier = file(
      "old.json",
      (await commandLine(["review", "--format", "json"], preview([updateStep()]))).out,
    );
    const { out } = await commandLine(["review", "--compare", earlier], preview([]));
    expect(out).toContain("No libvirt domain changes.");
    expect(out).toContain("`web-1`: no longer changes (was live, 1003 → 1259 MiB)");
  });
});

test("--output - is standard output", async () => {
  const text = preview([updateStep()]);
  expect(await commandLine(["review", "--output", "-"], text)).toEqual(await commandLine(["review"], text));
  expect(existsSync("-")).toBe(false);
});

test("--svg writes a picture of each map, whatever the names are, and --output the review", async () => {
  const names = ["web-1", "Web-1", "../../etc/passwd", "a/b", "a?b", "<x>&\"'", "ä", "con"];
  const svg = join(folder, "pictures/of/maps");
  const output = join(folder, "comment.md");
  const { code, out } = await commandLine(
    ["review", "--svg", svg, "--output", output],
    preview(names.map((name) => updateStep({ name }))),
  );
  expect({ code, out }).toEqual({ code: 0, out: "" });
  expect(readFileSync(output, "utf8")).toContain("8 live");
  const files = readdirSync(svg);
  expect(files).toHaveLength(names.length);
  expect(new Set(files.map((name) => name.toLowerCase())).size).toBe(names.length);
  for (const name of files) {
    expect(name).toMatch(/^[\w-]+\.svg$/);
    const picture = readFileSync(join(svg, name), "utf8");
    expect(picture).toMatch(/^<svg xmlns=/);
    expect(picture).toContain("@media (prefers-color-scheme: dark)");
    expect(picture).toContain('class="ours new"');
    expect(picture).not.toMatch(/<x>|&(?!#\d+;)/);
  }
});
