import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { commandLine } from "../command/command-line.ts";
import { cases } from "../support/properties.ts";
import { render } from "./rendered.ts";

const log = readFileSync(join(import.meta.dirname, "recorded/plugin/up.events.json"), "utf8");

type Event = Record<string, Record<string, unknown>>;
type Metadata = { urn: string; new: { outputs: Record<string, unknown> } };

/** The log, in which the events of a domain are changed. */
function edited(name: string, change: (event: Event, metadata: Metadata) => Event[]): string {
  return log
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const event = JSON.parse(line) as Event;
      const { metadata } = (event.resOutputsEvent ?? {}) as { metadata?: Metadata };
      return metadata?.urn.endsWith(`::${name}`) ? change(event, metadata) : [event];
    })
    .map((event) => JSON.stringify(event))
    .join("\n");
}

/** The first row of the table: the worst. */
async function worstOf(text: string) {
  const { code, out } = await commandLine(["review", "--after"], text);
  const [head, ...rows] = render(out).tables[0] ?? [];
  expect(head).toEqual(["", "domain", "planned", "memory now", "the guest", "result", "remarks"]);
  expect(rows).toHaveLength(8);
  return { code, row: rows[0], out };
}

const ENDED = "the run ended before this change did; pulumi refresh shows what the domain has now";

const message = (urn: string, severity: string, text: string): Event => ({
  sequence: 1 as never,
  diagnosticEvent: { urn, severity, message: text },
});

test("an update that failed, with why", async () => {
  const text = edited("web-1", ({ resOutputsEvent, ...rest }, { urn }) => [
    message(urn, "error", "error: the guest doesn't have the memory that was attached\nmore\n"),
    { ...rest, ...(resOutputsEvent && { resOpFailedEvent: resOutputsEvent }) },
  ]);
  const { code, row, out } = await worstOf(text);
  expect(code).toBe(1);
  expect(out).toContain("### libvirt domains after the update: 1 failed and 7 done");
  expect(row?.slice(1, 3)).toEqual(["web-1", "live 512 → 768 MiB"]);
  expect(row?.slice(5)).toEqual(["failed", "the guest doesn't have the memory that was attached"]);
});

test("an update that was cancelled before its end", async () => {
  const { code, row } = await worstOf(edited("web-1", () => []));
  expect(code).toBe(1);
  expect(row?.slice(1)).toEqual(["web-1", "live 512 → 768 MiB", "", "not asked", "unfinished", ENDED]);
});

test("a guest that lacks memory", async () => {
  const text = edited("web-1", (event, { new: now }) => {
    now.outputs.__guest = { ...(now.outputs.__guest as object), missing: { added: 131072, before: 0 } };
    return [event];
  });
  const { code, row, out } = await worstOf(text);
  expect(code).toBe(0);
  expect(row?.slice(5)).toEqual(["lacking", "the guest lacks 128 MiB"]);
  expect(out).toContain("Why does the guest lack 128 MiB of the memory that was attached earlier?");
});

test("all went well, with what the guest reports", async () => {
  const { code, out } = await commandLine(["review", "--after"], log);
  expect(code).toBe(0);
  const rows = render(out).tables[0] ?? [];
  expect(rows.find(([, name]) => name === "web-1")).toEqual([
    "✅",
    "web-1",
    "live 512 → 768 MiB",
    "768 MiB",
    "768 MiB, reported by the guest agent",
    "done",
    "",
  ]);
});

describe("pulumi up --yes --json writes its preview before the log, which counts", () => {
  const recorded = (file: string) => readFileSync(join(import.meta.dirname, "recorded/plugin", file), "utf8");

  test.each(["preview.json", "preview.events.json"])("%s", async (file) => {
    const [whole, only] = await Promise.all(
      [recorded(file) + log, log].map((text) => commandLine(["review", "--after"], text)),
    );
    expect(whole).toEqual(only);
  });

  test("an update that was cancelled before its end isn't done, although its preview was", async () => {
    const { code, row } = await worstOf(recorded("preview.events.json") + edited("web-1", () => []));
    expect(code).toBe(1);
    expect(row?.slice(5)).toEqual(["unfinished", ENDED]);
  });

  test.each(["preview.json", "preview.events.json"])("a log that is cut off after %s", async (file) => {
    const text = recorded(file) + log.slice(0, log.lastIndexOf('"summaryEvent"'));
    const { code, out, error } = await commandLine(["review", "--after"], text);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    const line = text.split("\n").length;
    expect(error).toContain(`standard input is cut off or not JSON in line ${line} `);
  });
});

/** What a failed update of the Pulumi CLI is reviewed as. */
async function failed(name: string, change = (text: string) => text) {
  const text = readFileSync(join(import.meta.dirname, `recorded/plugin/failed-${name}`), "utf8");
  const { code, out } = await commandLine(["review", "--after"], change(text));
  const [, ...rows] = render(out).tables[0] ?? [];
  return {
    code,
    out,
    rows: rows.map(([, domain, planned, now, , result, remarks]) => ({
      domain,
      planned,
      now,
      result,
      remarks,
    })),
  };
}

const DELETED = "the domain is deleted and doesn't exist; the next pulumi up creates it";

describe("a recorded update that failed", () => {
  test("has the provider's message, and the change that it didn't begin", async () => {
    const { code, out, rows } = await failed("update.json");
    expect(code).toBe(1);
    expect(rows).toEqual([
      {
        ...{ domain: "db-1", planned: "next boot 256 → 300 MiB", now: "", result: "failed" },
        remarks: expect.stringMatching(/^Unable to detach disk "b" .*: no answer from the guest within 60 s/),
      },
      {
        ...{ domain: "old-1", planned: "delete 256 MiB", now: "", result: "unfinished" },
        remarks: "the run ended before this change began",
      },
      { domain: "api-1", planned: "replace 256 → 300 MiB", now: "300 MiB", result: "done", remarks: "" },
    ]);
    expect(out).toContain("### libvirt domains after the update: 1 failed, 1 unfinished and 1 done");
    expect(out).not.toMatch(/The run failed|aren't listed here|occurred/);
  });

  test("without its preview the comment says that changes may be missing", async () => {
    const { out, rows } = await failed("update.json", (text) => text.slice(text.indexOf('{"sequence"')));
    expect(rows.map(({ domain }) => domain)).toEqual(["db-1", "api-1"]);
    expect(out).toContain("Changes that the run didn't begin aren't listed here");
  });

  test("a domain that was deleted and not created again is first", async () => {
    const { code, out, rows } = await failed("replace.json");
    expect(code).toBe(1);
    expect(out).toContain("### libvirt domains after the update: 1 gone and 1 failed");
    expect(rows).toMatchObject([
      { domain: "slow-1", now: "", result: "gone", remarks: expect.stringMatching(`^${DELETED}; `) },
      { domain: "batch-1", result: "failed", remarks: expect.stringMatching(/left unchanged/) },
    ]);
    // The reason is on the second line of the message.
    expect(out).toMatch(/^- "\/run\/lab\/f\/no-such-kernel" doesn't exist on .*; create it first$/m);
    expect(render(out).tables[1]?.[1]?.slice(1, 3)).toEqual([
      "2 → 1",
      "256 → 0 MiB, without 1 whose size is secret or not known",
    ]);
  });

  test("a replace that an earlier run began is done", async () => {
    const { rows } = await failed("refused.json");
    expect(rows.map(({ domain, result }) => [domain, result])).toEqual([
      ["strict-1", "failed"],
      ["slow-1", "done"],
    ]);
  });
});

test("of a replace, the parts that the log has decide: whether it is done, and whether the domain is gone", () => {
  const events = readFileSync(join(import.meta.dirname, "recorded/plugin/failed-update.json"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith('{"sequence"'));
  const isOf = (line: string) => line.includes("::api-1") && !line.includes("diagnosticEvent");
  const parts = events.filter(isOf);
  expect(parts).toHaveLength(6);
  const others = events.filter((line) => !isOf(line));
  const failing = (line: string, status: number) => {
    const { resOutputsEvent, ...event } = JSON.parse(line) as Event;
    return resOutputsEvent === undefined
      ? line
      : JSON.stringify({ ...event, resOpFailedEvent: { ...resOutputsEvent, status } });
  };
  // The end of the first part is at 1, that of the last one at 5.
  const anyRun = fc.record({
    count: fc.integer({ min: 1, max: 6 }),
    status: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
  });
  fc.assert(
    fc.property(anyRun, ({ count, status }) => {
      const begun = parts.slice(0, count);
      const last = begun.at(-1) ?? "";
      const hasFailed = status !== undefined && last.includes("resOutputsEvent");
      const log = [
        ...others.slice(0, 1),
        ...begun.with(-1, hasFailed ? failing(last, status) : last),
        ...others.slice(1),
      ];
      const review = reviewOf(parseOutput(log.join("\n"), "the log"), true);
      const result = review.domains.find(({ resource }) => resource === "api-1")?.happened?.result;
      const isDeleted = count > 2 || (count === 2 && !hasFailed);
      const isCreated = count === 6 && (!hasFailed || status === 1);
      if (isDeleted && !isCreated) expect(result).toBe("gone");
      else expect(result).toBe(hasFailed ? "failed" : count === 6 ? "done" : "unfinished");
    }),
    cases(60),
  );
});

test("whatever errors the engine lists of a domain, each is a remark", () => {
  const anyText = fc
    .string({ unit: fc.constantFrom(..."ab: 1*"), minLength: 1 })
    .map((text) => `Unable ${text}`.trim());
  const anyErrors = fc.uniqueArray(fc.tuple(anyText, fc.boolean()), {
    minLength: 1,
    maxLength: 3,
    selector: ([text]) => text,
  });
  const anyHead = fc.constantFrom("", "error: ", "deleting urn:pulumi:prod::fleet::a:b:C::web-1: ");
  fc.assert(
    fc.property(anyErrors, anyHead, (errors, head) => {
      const listed = errors.map(([text, isLong]) => `\t* ${text}${isLong ? "\nmore of it" : ""}`).join("\n");
      const list = `${head}${errors.length} error${errors.length === 1 ? "" : "s"} occurred:\n${listed}\n\n\n`;
      const text = edited("web-1", (event, { urn }) => [message(urn, "error", list), event]);
      const { domains } = reviewOf(parseOutput(text, "the log"), true);
      const remarks = domains.find(({ resource }) => resource === "web-1")?.happened?.remarks;
      expect(remarks).toEqual(errors.map(([text]) => text));
    }),
    cases(60),
  );
});

describe("an update whose preview failed", () => {
  const refusal = readFileSync(join(import.meta.dirname, "recorded/plugin/failed-preview.json"), "utf8");

  test("didn't run, and the preview says why", async () => {
    const { code, out } = await commandLine(["review", "--after"], refusal);
    expect(code).toBe(1);
    expect(out).toContain("### libvirt domains, not updated: 1 refused");
    expect(out).toContain("**The update didn't run**, since its preview failed: no domain has changed.");
    expect(render(out).tables[0]?.[1]?.slice(1)).toEqual([
      ...["strict-1", "", "", "", "refused"],
      "256 → 300 MiB is not a multiple of 256 MiB (live: 512 MiB) (troubleshooting)",
    ]);
    const json = await commandLine(["review", "--after", "--format", "json"], refusal);
    expect(JSON.parse(json.out)).toMatchObject({ kind: "preview", domains: [{ verdict: "refuse" }] });
    expect(JSON.parse(json.out).domains[0]).not.toHaveProperty("happened");
  });

  test("because of another error, didn't run either", async () => {
    const { code, out } = await commandLine(
      ["review", "--after"],
      JSON.stringify({ steps: [], diagnostics: [{ severity: "error", message: "error: no program" }] }),
    );
    expect(code).toBe(1);
    expect(out).toContain("**The update didn't run**, since its preview failed");
    expect(out).toContain("**The run failed**: an error outside the libvirt domains");
  });

  test("but a preview that succeeded isn't an update", async () => {
    const succeeded = readFileSync(join(import.meta.dirname, "recorded/plugin/preview.json"), "utf8");
    const { code, error } = await commandLine(["review", "--after"], succeeded);
    expect(code).toBe(2);
    expect(error).toContain("is a preview; --after needs the output of a finished pulumi up --json");
  });
});
