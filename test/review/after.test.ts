import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";
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
  expect(row?.slice(1)).toEqual(["web-1", "live 512 → 768 MiB", "", "not asked", "unfinished", ""]);
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
    expect(row?.slice(5)).toEqual(["unfinished", ""]);
  });

  test.each(["preview.json", "preview.events.json"])("a log that is cut off after %s", async (file) => {
    const text = recorded(file) + log.slice(0, log.lastIndexOf('"summaryEvent"'));
    const { code, out, error } = await commandLine(["review", "--after"], text);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    const line = text.split("\n").length;
    expect(error).toContain(`standard input is cut off or not JSON in line ${line} `);
  });
});
