import type { Plan } from "../../provider/plan/plan.ts";
import type { ReasonCode } from "../../provider/plan/reason-codes.ts";

/** A plan as tests compare it: reasons by their codes, and the other details in full. */
export interface Planned {
  outcome: string;
  headline: string;
  /** The details, except for the texts of the reasons. */
  details: string[];
  codes: ReasonCode[];
}

/** @throws Error where a reason is neither in the headline nor in the details */
export function planned({ outcome, headline, details, reasons }: Plan): Planned {
  const texts = reasons.map(({ text }) => text);
  const untold = texts.find((text) => ![headline, ...details].some((line) => line.includes(text)));
  if (untold !== undefined) throw new Error(`neither the headline nor a detail has the reason: ${untold}`);
  return {
    outcome,
    headline,
    details: details.filter((line) => !texts.includes(line)),
    codes: reasons.map(({ code }) => code),
  };
}
