import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DomainReview } from "../../provider/review/domain-review.ts";
import { markdown } from "../../provider/review/markdown.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";

/** What the Pulumi CLI 3.260 wrote about domains that somebody had changed by hand (record.ts). */
function recorded(file: string) {
  const text = readFileSync(join(import.meta.dirname, "recorded", file), "utf8");
  const output = parseOutput(text, file);
  return { output, review: reviewOf(output) };
}

function named(domains: readonly DomainReview[], name: string): DomainReview {
  const domain = domains.find(({ resource }) => resource === name);
  if (domain === undefined) throw new Error(`the review has no ${name}`);
  return domain;
}

const FILES = [
  ...["by-hand.json", "by-hand.events.json", "by-hand-restart.json", "unreachable.json"],
  ...["preview.json", "preview.events.json", "up.events.json"],
];
const EVERY = ["dynamic", "plugin"].flatMap((host) => FILES.map((file) => `${host}/${file}`));
const MIB = 1024;

const WORDS = { live: "live", nextBoot: "next boot", restart: "restart", replace: "replace" } as const;

describe.each(EVERY)("%s", (file) => {
  const { output, review } = recorded(file);
  const announced = output.diagnostics.flatMap(({ urn = "", message }) => {
    const lines = message
      .replace(/^warning: /, "")
      .trimEnd()
      .split("\n");
    // Of secret sizes only the headline is shown.
    if (urn.endsWith("::vault-1")) return [];
    const outcome = Object.entries(WORDS).find(([, word]) => lines[0]?.startsWith(`${word}: `))?.[0];
    return outcome === undefined ? [] : [{ name: urn.split("::").at(-1) ?? "", outcome, lines }];
  });

  test("a row has the outcome, the headline, the details and the steps that the run announced", () => {
    expect(announced.length).toBeGreaterThanOrEqual(5);
    for (const { name, outcome, lines } of announced) {
      const { verdict, headline, details, steps } = named(review.domains, name);
      expect([name, verdict, headline]).toEqual([name, outcome, lines[0]]);
      const shown = details.filter((detail) => !/so there is no memory map/.test(detail));
      const numbered = steps.map((step, index) => `${index + 1}. ${step}`);
      const isSaid = steps.length === 1 && headline.endsWith(`: ${steps[0]}`);
      expect([...shown, ...(isSaid ? [] : numbered)].sort()).toEqual(lines.slice(1).sort());
    }
  });

  test("each has a map, or a sentence about why there is none", () => {
    for (const { name } of announced) {
      const { verdict, before, after, details } = named(review.domains, name);
      const isWhole = after !== undefined && (before !== undefined || verdict === "replace");
      const notes = details.filter((detail) => /so there is no memory map/.test(detail));
      expect([name, notes.length]).toEqual([name, isWhole ? 0 : 1]);
    }
  });

  test("no question is about a state that can't be read", () => {
    const questions = review.domains.flatMap((domain) => domain.questions).join("\n");
    expect(questions).not.toMatch(/__observed|pulumi state delete|can't be planned from/);
  });

  test("the figures before are those that the run found", () => {
    for (const { name, lines } of announced) {
      const { memory, vcpus } = named(review.domains, name);
      const message = lines.join("\n");
      expect([memory.from, memory.to, vcpus.from, vcpus.to]).not.toContain(undefined);
      if (memory.from !== memory.to)
        expect(message).toContain(`${Number(memory.from) / MIB} → ${Number(memory.to) / MIB} MiB`);
      if (vcpus.from !== vcpus.to) expect(message).toContain(`vCPUs ${vcpus.from} → ${vcpus.to}`);
    }
  });
});

describe.each(["dynamic", "plugin"])("the %s provider", (host) => {
  test("a domain that was turned off isn't drawn as running", () => {
    const off = named(recorded(`${host}/by-hand.json`).review.domains, "off-1");
    expect(off).toMatchObject({
      verdict: "live",
      headline: "live: 512 → 768 MiB in the definition (the domain is off)",
      steps: [
        "set the definition to 768 MiB of base memory for the next boot",
        "start the domain, which is off",
      ],
    });
    expect(off.before).toBeUndefined();
    expect(off.details.at(-1)).toMatch(/^the domain has changed since the state was recorded, so/);
  });

  test("a domain that its host doesn't have is unknown", () => {
    const gone = named(recorded(`${host}/by-hand.json`).review.domains, "gone-1");
    expect(gone).toMatchObject({ verdict: "unknown", steps: [] });
    expect(gone.headline).toMatch(/^domain gone-1 .* no longer exists on /);
    expect(gone.before ?? gone.after).toBeUndefined();
  });

  test.each(["hidden-1", "hidden-3", "shown-1"])("%s has a secret that isn't a size, and maps", (name) => {
    const { before, after, cost, memory } = named(recorded(`${host}/by-hand.json`).review.domains, name);
    expect(memory).toEqual({ from: 512 * MIB, to: 768 * MIB });
    expect(before?.memory).toBe(512 * MIB);
    expect(after?.devices).toMatchObject([{ slot: 0, size: 256 * MIB, ours: true }]);
    expect(cost).toMatchObject({ freeSlots: 15, slots: 16, ceiling: 4096 * MIB });
  });

  test("a disk that is detached live doesn't hide the map of the next boot", () => {
    const { verdict, before, after, atBoot, cost } = named(
      recorded(`${host}/by-hand.json`).review.domains,
      "disk-1",
    );
    expect(verdict).toBe("nextBoot");
    expect([before?.memory, after?.memory, atBoot?.memory]).toEqual([512 * MIB, 512 * MIB, 600 * MIB]);
    expect(cost).toMatchObject({ pending: 600 * MIB });
  });

  test("nor that of a live change", () => {
    const { verdict, after } = named(recorded(`${host}/by-hand.json`).review.domains, "disk-2");
    expect([verdict, after?.memory]).toEqual(["live", 768 * MIB]);
  });

  test("what a change of a changed domain leaves is what the run announced", () => {
    // The plugin announces it with the outputs, which only a streamed preview has.
    const file = host === "plugin" ? "by-hand.events.json" : "by-hand.json";
    const { cost } = named(recorded(`${host}/${file}`).review.domains, "dimm-1");
    expect(cost).toMatchObject({ freeSlots: 14, slots: 16, ceiling: 4096 * MIB });
  });

  test("a refused domain", () => {
    const { domains } = recorded(`${host}/by-hand-refused.json`).review;
    expect(named(domains, "edited-1")).toMatchObject({
      verdict: "refuse",
      headline: "refused: someone else set 640 MiB for the next boot, but the program wants 600 MiB",
    });
  });

  test("a refused create is left out of the sums as refused", () => {
    const { review } = recorded(`${host}/refused-create.json`);
    expect(review.domains.map(({ verdict }) => verdict)).toEqual(["refuse"]);
    const comment = markdown(review, { docs: "https://docs.example.com", limit: 100_000 });
    expect(comment).toMatch(/\| 1 \| 1 refused \| +\|/);
    expect(comment).not.toMatch(/0 MiB|secret or not known/);
  });
});
