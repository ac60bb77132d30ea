import type { FieldName } from "../args/fields.ts";
import type { GraphicsInput, Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import { hasDefinedGraphics, isOnlyPassword } from "../args/written-arguments.ts";
import { defineStep } from "./definition/steps.ts";
import type { Observed } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { headline } from "./text.ts";

/**
 * The graphics with another password, where it can be set in the running domain: QEMU changes a password, but turns
 * authentication neither on nor off, and libvirt refuses to change anything else (qemuDomainChangeGraphics).
 */
export function livePassword(
  before: Partial<Inputs>,
  news: Inputs,
  { live, nextBoot }: Observed,
): GraphicsInput | undefined {
  const [was, wanted] = [before.graphics, news.graphics];
  if (live === undefined || !isKnown(was) || !isKnown(wanted)) return undefined;
  if (was.password === undefined || !isOnlyPassword("graphics", before, news)) return undefined;
  const isStarted =
    nextBoot === undefined || hasDefinedGraphics(live.writtenArguments, nextBoot.writtenArguments);
  return isStarted ? wanted : undefined;
}

function isKnown(graphics: Inputs["graphics"]): graphics is GraphicsInput {
  return typeof graphics === "object" && !containsUnknown(graphics);
}

/** Sets the password in the running domain and in its definition. No text has either password. */
export function planPassword({ type }: GraphicsInput, { nextBoot }: Observed): Plan {
  const sentence = `change the ${type === "vnc" ? "VNC" : "SPICE"} password`;
  const fields: FieldName[] = ["graphics"];
  return {
    outcome: "live",
    headline: headline("live", `${sentence}, no restart`),
    details: ["clients that are connected stay connected; the next one needs the new password"],
    steps: [
      { kind: "changePassword", graphics: type, sentence },
      ...(nextBoot === undefined ? [] : [defineStep(undefined, fields)]),
    ],
    reasons: [],
  };
}
