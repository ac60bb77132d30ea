import { expect, test } from "vitest";
import { COMMENT_LIMIT, markdown } from "../../provider/review/markdown.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { growth, MOST_GROWTH } from "../support/count-steps.ts";
import { mixedFleet, preview, updateStep, urnOf } from "./fleet.ts";

/** So many domains, each with a message. */
function fleet(count: number): string {
  const mixed = mixedFleet();
  const steps = Array.from({ length: count }, (_, index) => {
    const step = mixed[index % mixed.length] ?? updateStep();
    return { ...step, urn: urnOf(`vm-${index}`) };
  });
  const messages = steps.map(({ urn }) => ({ urn, severity: "info", message: "starts\nand goes on" }));
  return preview(steps, messages);
}

test("a review takes steps in proportion to the number of domains", async () => {
  const prepare = (count: number) => {
    const text = fleet(count);
    return () => markdown(reviewOf(parseOutput(text, "")), { docs: "https://x", limit: COMMENT_LIMIT });
  };
  expect(await growth(prepare, [100, 400])).toBeLessThan(MOST_GROWTH);
});
