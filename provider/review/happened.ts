import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import type { Outputs } from "../outputs.ts";
import { pendingMemory } from "../plan/observed.ts";
import { formatVcpus } from "../plan/text.ts";
import { readState } from "../state-format.ts";
import type { Kib } from "../units/kib.ts";
import { formatSize, formatWholeMib, sizeIn } from "../units/size.ts";
import { outcomeIn } from "./announced.ts";
import type { DomainStep } from "./domain-steps.ts";
import { withoutSecrets } from "./secret-properties.ts";

/** What an update did to a domain. */
export interface Happened {
  /**
   * - `gone`: a replace deleted the domain, and didn't create it again;
   * - `unfinished`: the run ended before the update of this domain did, or before it began;
   * - `lacking`: the guest doesn't have all of it.
   */
  result: "gone" | "failed" | "unfinished" | "lacking" | "done";
  /** The memory of the running domain, as recorded. */
  memory?: Kib;
  /** The memory that waits for the next boot. */
  pending?: Kib;
  /** The memory that the guest has, and who reported it. */
  guest?: { memory: Kib; speaker: string };
  /** Warnings and errors of the run, and what the guest lacks. */
  remarks: string[];
}

/** From the worst to the best. */
export const RESULTS: readonly Happened["result"][] = [
  ...(["gone", "failed", "unfinished", "lacking", "done"] as const),
];

/** Otherwise it isn't known what the update left. */
export function isOver({ result }: Happened): boolean {
  return result === "done" || result === "lacking";
}

/** What an update's log has of a domain, the lines of errors that follow a remark, and its state afterwards. */
export function whatHappened(step: DomainStep): { happened: Happened; details: string[]; state?: Outputs } {
  const { properties } = withoutSecrets(step.new?.outputs ?? {});
  const state = step.done ? readableState(properties) : undefined;
  const { guestMemory, guestMemoryFrom } = properties;
  const lacks = state === undefined ? [] : lacking(state);
  const remarks = step.messages.flatMap(({ severity, lines }) =>
    severity === "error" || severity === "warning" ? lines.slice(0, 1).filter((line) => !isPlan(line)) : [],
  );
  return {
    happened: {
      result: resultOf(step, lacks.length > 0),
      remarks: [...new Set([...endOf(step), ...remarks, ...lacks])],
      ...defined({
        memory: step.done ? sizeIn(properties.liveMemory) : undefined,
        pending: state && pendingMemory(state.__observed),
        guest: guestOf(guestMemory, guestMemoryFrom),
      }),
    },
    details: step.messages.flatMap(({ severity, lines }) => (severity === "error" ? lines.slice(1) : [])),
    ...(state && { state }),
  };
}

/** How the update of a domain that isn't done ended. */
export function endOf({ isGone, isLeft, failed, done }: DomainStep): string[] {
  if (isGone) return ["the domain is deleted and doesn't exist; the next pulumi up creates it"];
  if (isLeft) return ["the run ended before this change began"];
  return failed || done
    ? []
    : ["the run ended before this change did; pulumi refresh shows what the domain has now"];
}

export function resultOf({ isGone, failed, done }: DomainStep, isLacking: boolean): Happened["result"] {
  if (isGone) return "gone";
  if (failed) return "failed";
  if (!done) return "unfinished";
  return isLacking ? "lacking" : "done";
}

/** The run announces each plan as well, some as a warning. */
function isPlan(line: string): boolean {
  const outcome = outcomeIn(line);
  return outcome !== undefined && outcome !== "refuse" && outcome !== "unknown";
}

function readableState(outputs: Record<string, unknown>): Outputs | undefined {
  if (outputs.__observed === undefined || outputs.__observed === UNKNOWN) return undefined;
  try {
    return readState(outputs);
  } catch {
    return undefined;
  }
}

function lacking({ __guest: memory, __guestVcpus: vcpus }: Outputs): string[] {
  return [
    ...(memory?.missing === undefined ? [] : [`the guest lacks ${formatWholeMib(memory.missing.added)}`]),
    ...(vcpus?.missing === undefined ? [] : [`the guest lacks ${formatVcpus(vcpus.missing)}`]),
  ];
}

function guestOf(memory: unknown, speaker: unknown): Happened["guest"] {
  const size = sizeIn(memory);
  if (size === undefined) return undefined;
  return { memory: size, speaker: typeof speaker === "string" ? speaker : "guest" };
}

const SPEAKERS: Readonly<Record<string, string>> = {
  agent: "reported by the guest agent",
  balloon: "reported by the balloon driver",
};

/** "1259 MiB, reported by the guest agent" */
export function guestText({ guest, result }: Happened): string {
  if (result === "gone") return "";
  if (guest === undefined) return "not asked";
  return `${formatSize(guest.memory)}, ${SPEAKERS[guest.speaker] ?? "reported by the guest"}`;
}
