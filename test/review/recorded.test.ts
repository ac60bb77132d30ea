import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { markdown } from "../../provider/review/markdown.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";

/** What the Pulumi CLI 3.260 wrote (record.ts). */
function recorded(name: string, isOver = false) {
  const text = readFileSync(join(import.meta.dirname, "recorded", name), "utf8");
  return reviewOf(parseOutput(text, name), isOver);
}

function verdicts(review: ReturnType<typeof recorded>) {
  return review.domains.map(({ resource, verdict, headline }) => [resource, verdict, headline]);
}

const EXPECTED = [
  ["web-2", "replace", "replace: 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB)"],
  ["old-1", "delete", "deleted with its definition"],
  ["batch-1", "restart", "restart: 1024 → 1100 MiB is not a multiple of 256 MiB (live: 1280 MiB)"],
  ["cache-1", "nextBoot", "next boot: 1024 → 1100 MiB, after a shutdown and start"],
  ["ci-1", "live", "live: 1536 → 1280 MiB, removes one 256 MiB DIMM from slot 1 (15 of 16 free), no restart"],
  ["db-1", "live", expect.stringMatching(/^live: 1024 → 2048 MiB, 2 DIMMs of 512 MiB on nodes 0 and 1/)],
  ["vault-1", "live", "live: … → … MiB, one … MiB DIMM in slot … (… of … free), no restart"],
  ["web-1", "live", expect.stringMatching(/^live: 512 → 768 MiB, one 256 MiB DIMM in slot 0 .*vCPUs 1 → 2/)],
  ["new-1", "create", "starts with 1 GiB; room for 16 DIMMs, up to 8 GiB"],
];

describe.each(["dynamic", "plugin"])("the recorded runs of the %s provider", (host) => {
  test.each(["preview.json", "preview.events.json"])("%s", (file) => {
    const review = recorded(`${host}/${file}`);
    expect(verdicts(review)).toEqual(EXPECTED);
    expect(review).toMatchObject({ kind: "preview", errors: 0 });
    expect(review.hosts).toMatchObject([{ domains: { from: 8, to: 8 }, unknown: 1 }]);
    expect(review.domains.find(({ resource }) => resource === "db-1")?.devices).toEqual([
      "disk data 64 MiB → 128 MiB",
    ]);
  });

  test("the planner's headlines are those that the preview announced", () => {
    const text = readFileSync(join(import.meta.dirname, "recorded", host, "preview.json"), "utf8");
    for (const { verdict, headline } of recorded(`${host}/preview.json`).domains)
      if (verdict !== "create" && verdict !== "delete") expect(text).toContain(headline);
  });

  test("a preview that changes nothing", () => {
    expect(recorded(`${host}/nothing.json`)).toMatchObject({ domains: [], others: {} });
  });

  test("a refusal", () => {
    const [first] = recorded(`${host}/refused.json`).domains;
    expect(first).toMatchObject({
      resource: "batch-1",
      verdict: "refuse",
      headline: "refused: 1024 → 1100 MiB is not a multiple of 256 MiB (live: 1280 MiB)",
    });
  });

  test("the log of an update, before and after it", () => {
    const planned = recorded(`${host}/up.events.json`);
    expect(planned.kind).toBe("update");
    expect(verdicts(planned)).toEqual(EXPECTED.filter(([name]) => name !== "ci-1"));
    const { domains } = recorded(`${host}/up.events.json`, true);
    expect(domains.map(({ happened }) => happened?.result)).toEqual(Array(8).fill("done"));
    const MIB = 1024;
    expect(domains.find(({ resource }) => resource === "web-1")?.happened).toEqual({
      ...{ result: "done", memory: 768 * MIB, remarks: [] },
      guest: { memory: 768 * MIB, speaker: "agent" },
    });
    expect(domains.find(({ resource }) => resource === "cache-1")?.happened).toMatchObject({
      ...{ memory: 1024 * MIB, pending: 1100 * MIB },
    });
  });

  test.each([
    ["preview.json", false],
    ["preview.events.json", false],
    ["up.events.json", false],
    ["up.events.json", true],
  ])("%s: the secret size stays out", (file, isOver) => {
    const review = recorded(`${host}/${file}`, isOver);
    const vault = review.domains.find(({ resource }) => resource === "vault-1");
    expect(vault).toMatchObject({ isSecret: true });
    expect(vault?.before ?? vault?.after).toBeUndefined();
    const comment = markdown(review, { docs: "https://docs.example.com", limit: 100_000 });
    const lines = comment.split("\n").filter((line) => line.includes("vault-1"));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toMatch(/\b(1024|1280|256)\b|GiB \||MiB \|/);
    expect(comment).toContain("The sizes of a domain are secret");
  });
});
