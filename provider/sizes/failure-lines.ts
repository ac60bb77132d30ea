import type { Failure } from "../args/failure.ts";
import { foreignText } from "../foreign-text.ts";

/** A person doesn't read more at once. */
const MOST_FAILURES = 100;

/** A line for each failure: the property's path, and the reason. Both may quote the file. */
export function failureLines(failures: readonly Failure[]): string {
  const more = failures.length - MOST_FAILURES;
  const lines = failures
    .slice(0, MOST_FAILURES)
    .map(({ property, reason }) => foreignText(property === "" ? reason : `${property}: ${reason}`));
  return [...lines, ...(more > 0 ? [`${more} more failures`] : [])].map((line) => `  ${line}`).join("\n");
}
