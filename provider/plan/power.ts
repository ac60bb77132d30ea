import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import { formatSize } from "../units/size.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { busyReason, describePause, type Pause, pauseOf } from "./pause.ts";
import { type Outcome, type Plan, type Reason, refuse, type Step } from "./plan.ts";
import { fitting, headline, OUTCOME_WORDS, refusal, withNote } from "./text.ts";

/** What an update does to the power of a domain, and the domain that its other changes are planned for. */
export interface PowerPlan {
  /** Before the other changes: a guest that is restored, resumed or woken takes them while it runs; a stop precedes them. */
  first: Plan[];
  /** After the other changes. */
  last: Plan[];
  observed: Observed;
  /** The domain is shut down and stays off. */
  isStopping: boolean;
}

/**
 * Plans the power of a domain.
 *
 * `running: false` shuts it down. Otherwise a domain that is off is started, whether or not the program sets `running`; if it has
 * a saved state, the start restores that, so the other changes are planned for the restored domain.
 * Only an explicit `running: true` resumes what a user paused, and wakes a guest that is asleep.
 */
export function planPower(observed: Observed, inputs: Inputs): PowerPlan {
  const unchanged: PowerPlan = { first: [], last: [], observed, isStopping: false };
  if (containsUnknown(inputs.running)) return unchanged;
  const { power, saved } = observed;
  if (power !== "off") {
    if (inputs.running === false)
      return { ...unchanged, first: [stopPlan(observed, inputs)], isStopping: true };
    const resumed = inputs.running === true ? resumePlan(pauseOf(observed)) : undefined;
    return resumed === undefined ? unchanged : { ...unchanged, first: [resumed], observed: awake(observed) };
  }
  if (inputs.running === false) return unchanged;
  if (saved === undefined) return { ...unchanged, last: [startPlan()] };
  if (inputs.discardSavedState === true) {
    const { saved: _, ...cold } = observed;
    return { ...unchanged, last: [coldStartPlan(saved)], observed: cold };
  }
  return {
    ...unchanged,
    first: [restorePlan(saved, inputs.running === true)],
    observed: { ...observed, power: "running", live: saved },
  };
}

function awake({ pause: _, ...observed }: Observed): Observed {
  return { ...observed, power: "running" };
}

function startPlan(): Plan {
  return stepPlan("live", { kind: "start", sentence: "start the domain, which is off" });
}

/** What libvirt saved doesn't tell whether the guest was paused. */
function restorePlan({ memory }: MemoryView, resumes: boolean): Plan {
  const sentence = `restore the domain from its saved state with ${formatSize(memory)}`;
  return {
    ...stepPlan("live", { kind: "restore", memory, sentence }),
    details: [RESTORES, resumes ? RESUMES : STAYS_PAUSED],
  };
}

const RESTORES =
  "the domain has a saved state (virsh managedsave), which a start restores with the memory and the devices that it was saved with; discardSavedState: true starts it without the saved state";

const RESUMES = "a guest that was paused when it was saved is resumed (running: true)";

const STAYS_PAUSED = "a guest that was paused when it was saved is paused again; running: true resumes it";

/** The saved state is lost like what a guest has in its memory when it is forced off. */
function coldStartPlan({ memory }: MemoryView): Plan {
  const what = `discard the saved state (${formatSize(memory)})`;
  return {
    outcome: "restart",
    headline: headline("restart", `${what} and start the domain (discardSavedState)`),
    details: ["the guest's memory in the saved state is lost"],
    steps: [
      { kind: "discard", sentence: what },
      { kind: "start", sentence: "start the domain" },
    ],
    reasons: [],
  };
}

function stopPlan(observed: Observed, { forceOff = false }: Inputs): Plan {
  const sentence = "shut the domain down (running: false)";
  const { steps, notes, refused } = shutdownSteps(observed, forceOff, sentence);
  if (refused !== undefined) return refusal(refused, refused.short, ...notes);
  return { outcome: "restart", headline: headline("restart", sentence), details: notes, steps, reasons: [] };
}

function resumePlan(pause: Pause | undefined): Plan | undefined {
  const step = pause && resumeStep(pause);
  return step && stepPlan("live", step);
}

function stepPlan(outcome: Outcome, step: Step): Plan {
  return { outcome, headline: headline(outcome, step.sentence), details: [], steps: [step], reasons: [] };
}

/** Undefined for a guest that nothing may resume. */
function resumeStep(pause: Pause): Step | undefined {
  if (pause.kind === "suspended")
    return { kind: "resume", sentence: `resume the domain, which is ${describePause(pause)}` };
  if (pause.kind === "asleep")
    return { kind: "wake", sentence: `wake the guest, which is ${describePause(pause)}` };
  return undefined;
}

interface Shutdown {
  steps: Step[];
  notes: string[];
  /** Why the guest can't be shut down. The notes say what works. */
  refused?: Reason & { short: string };
}

/**
 * The steps that shut a guest down. A paused guest ignores the request, and libvirt refuses it: it is resumed first, or forced
 * off where it can't be resumed and the program allows that.
 */
export function shutdownSteps(observed: Observed, force: boolean, sentence: string): Shutdown {
  const pause = pauseOf(observed);
  const stop: Step = { kind: "stop", force, sentence };
  if (pause === undefined) return { steps: [stop], notes: [] };
  const state = describePause(pause);
  const resume = resumeStep(pause);
  if (resume !== undefined)
    return { steps: [resume, stop], notes: [`the domain is ${state}: it is resumed first, to shut down`] };
  // A job ends by itself; the whole update is refused for it.
  if (pause.kind === "busy") return { steps: [stop], notes: [] };
  if (force)
    return {
      steps: [{ kind: "stop", force, atOnce: true, sentence: `force off the domain, which is ${state}` }],
      notes: [`the domain is ${state}: its guest can't shut down, so it is forced off at once (forceOff)`],
    };
  const text = `the domain is ${state}: its guest can't shut down, and only forceOff: true allows it to be forced off`;
  const short = `the domain is ${state} and can't shut down (forceOff: false)`;
  return {
    steps: [],
    notes: ["set forceOff: true, or deal with the cause and resume the domain (virsh resume)"],
    refused: { code: "domain-halted", text, short },
  };
}

/**
 * How the old domain of a replace is shut down where its guest doesn't run. With `shutdownTimeout: 0` it is forced off anyway.
 */
export function replacePower(
  observed: Observed,
  { forceOff = false, shutdownTimeout }: Inputs,
): Pick<Shutdown, "notes" | "refused"> {
  const pause = pauseOf(observed);
  if (pause === undefined) return { notes: [] };
  if (pause.kind === "busy") return { notes: [], refused: { ...busyReason(pause), short: "" } };
  if (shutdownTimeout === 0)
    return {
      notes: [`the domain is ${describePause(pause)}: it is forced off at once (shutdownTimeout: 0)`],
    };
  return shutdownSteps(observed, forceOff, "");
}

/** A replace of a domain whose guest doesn't run, with how it is shut down. */
export function withReplacePower(plan: Plan, observed: Observed, inputs: Inputs): Plan {
  if (plan.outcome !== "replace" || pauseOf(observed)?.kind === "busy") return plan;
  const { notes, refused } = replacePower(observed, inputs);
  if (refused !== undefined) return refusal(refused, refused.short, ...notes, `planned: "${plan.headline}"`);
  return { ...plan, details: [...plan.details, ...notes] };
}

/** The same with these parts' steps before the others, which have the headline. */
export function startingWith(first: Plan[], whole: Plan): Plan {
  const steps = first.flatMap((part) => part.steps).filter((step) => whole.steps.includes(step));
  return { ...whole, steps: [...steps, ...whole.steps.filter((step) => !steps.includes(step))] };
}

/** The whole update, unless a job of libvirt holds the domain: then nothing is done to it. */
export function unlessBusy(whole: Plan, observed: Observed): Plan {
  const pause = pauseOf(observed);
  if (pause?.kind !== "busy" || whole.steps.length === 0) return whole;
  const reason = busyReason(pause);
  return refuse(
    headline(
      "refuse",
      reason.text,
      `another job holds the domain: paused (${pause.reason}); try again later`,
    ),
    [reason],
    [reason.text, `planned: "${whole.headline}"`],
  );
}

/** What a refresh names: why the guest doesn't run, and a saved state, with what becomes of them. */
export function describePower(observed: Observed, inputs: Inputs): string[] {
  const { running } = inputs;
  const { saved } = observed;
  if (saved !== undefined) {
    const state = `the domain has a saved state with ${formatSize(saved.memory)} (virsh managedsave)`;
    if (running === false) return [`${state}, which a start restores`];
    return [`${state}, which the next pulumi up ${inputs.discardSavedState ? "discards" : "restores"}`];
  }
  const pause = pauseOf(observed);
  if (pause === undefined) return [];
  const state = `the domain is ${describePause(pause)}`;
  if (pause.kind === "halted") return describeHalted(observed);
  if (pause.kind === "busy") return [`${state}: another job holds it`];
  const verb = pause.kind === "asleep" ? "wakes" : "resumes";
  if (running === false) return [state];
  return [`${state}; ${running === true ? `the next pulumi up ${verb} it` : `running: true ${verb} it`}`];
}

/** What a preview names as well: a guest that doesn't run, which no update changes. */
export function describeHalted(observed: Observed): string[] {
  const pause = pauseOf(observed);
  return pause?.kind === "halted"
    ? [
        `the domain is ${describePause(pause)}: it isn't resumed by this provider; deal with the cause, then resume it (virsh resume)`,
      ]
    : [];
}

/** What is lost with a domain that has a saved state. */
export function savedStateLost({ saved }: Observed): string[] {
  return saved === undefined
    ? []
    : [`the saved state (virsh managedsave, ${formatSize(saved.memory)}) is lost as well`];
}

/** A definition that is changed while the next start restores the saved state. */
export function savedStateFirst({ live, saved }: Observed): string[] {
  return live !== undefined || saved === undefined
    ? []
    : [
        `the domain has a saved state, which the next start restores with ${formatSize(saved.memory)} and the devices that it was saved with; the definition applies to the start after that`,
      ];
}

/** The headline of the whole update, with what happens to the power before its other changes. */
export function withPower(line: string, { outcome, steps }: Plan): string {
  const [first, ...others] = steps;
  const short = first && shortWords(first);
  if (short === undefined || others.length === 0) return line;
  const words = `${OUTCOME_WORDS[outcome]}: `;
  return line.startsWith(words)
    ? fitting(`${words}${short}, then ${line.slice(words.length)}`, withNote(line, `${short} first`))
    : line;
}

function shortWords(step: Step): string | undefined {
  if (step.kind === "restore") return `restore with ${formatSize(step.memory)}`;
  return step.kind === "resume" || step.kind === "wake" ? step.kind : undefined;
}
