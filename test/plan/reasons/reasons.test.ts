import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REASON_CODES } from "../../../provider/plan/reason-codes.ts";
import { DEVICES } from "./devices.ts";
import { MEMORY } from "./memory.ts";
import { OUTCOME } from "./outcome.ts";
import { VCPUS } from "./vcpus.ts";
import { VIRTIO_MEM } from "./virtio-mem.ts";

const rows = [...MEMORY, ...VIRTIO_MEM, ...VCPUS, ...DEVICES, ...OUTCOME];

test.each(rows)("%s: %s", (code, text, { reasons, headline, details }) => {
  expect(reasons).toContainEqual({ code, text });
  expect([headline, ...details].some((line) => line.includes(text))).toBe(true);
});

test("every code of the planner has a text here", () => {
  const root = join(import.meta.dirname, "../../../provider/plan");
  const files = globSync("**/*.ts", { cwd: root }).filter((file) => file !== "reason-codes.ts");
  const sources = files.map((file) => readFileSync(join(root, file), "utf8"));
  const used = REASON_CODES.filter((code) => sources.some((text) => text.includes(`: "${code}"`)));
  expect([...new Set(rows.map(([code]) => code))].sort()).toEqual(used.sort());
});
