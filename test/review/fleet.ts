import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { outputs } from "../../provider/outputs.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { packedState } from "../../provider/state-format.ts";
import { DYNAMIC_TYPE, type PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { checkedInputs, ours, running } from "../support/scene.ts";

export const HOST = "qemu+ssh://root@host-1/system";

/** A step as `pulumi preview --json` prints it. */
export interface PreviewStep {
  op: string;
  urn: string;
  oldState?: State;
  newState?: State;
  diffReasons?: string[];
  replaceReasons?: string[];
}

interface State {
  type: string;
  inputs: object;
  outputs?: object;
  provider?: string;
  sourcePosition?: string;
}

interface Given {
  name?: string;
  type?: typeof DYNAMIC_TYPE | typeof PLUGIN_TYPE;
  /** The domain as the state recorded it. */
  observed?: Observed;
  before?: Partial<Inputs>;
  now?: Partial<Inputs>;
  /** Outputs beside those of an update that succeeded. */
  recorded?: object;
  uri?: string;
}

export function urnOf(name: string, type: string = DYNAMIC_TYPE): string {
  return `urn:pulumi:prod::fleet::${type}::${name}`;
}

/** The preview of an update: of a running domain of 1003 MiB that grows by 256 MiB, unless more is given. */
export function updateStep(given: Given = {}): PreviewStep {
  const { name = "web-1", type = DYNAMIC_TYPE, observed = running(), uri = HOST } = given;
  const urn = urnOf(name, type);
  const before: Inputs = { ...checkedInputs, __urn: urn, name, ...given.before };
  const now: Inputs = { ...before, memory: "1259MiB", ...given.now };
  const state = packedState(
    outputs(before, { uri, observation: { observed, power: "running" }, defaults: DEFAULTS, adopted: false }),
  );
  const position = { sourcePosition: "project:///index.ts#12,5" };
  return {
    op: "update",
    urn,
    oldState: { type, inputs: before, outputs: { ...state, ...given.recorded }, ...position },
    newState: { type, inputs: now, ...position },
    diffReasons: ["memory"],
  };
}

export function createStep(name = "new-1"): PreviewStep {
  const { newState, urn } = updateStep({ name });
  return { op: "create", urn, ...(newState && { newState }) };
}

export function deleteStep(name = "old-1"): PreviewStep {
  const { oldState, urn } = updateStep({ name });
  return { op: "delete", urn, ...(oldState && { oldState }) };
}

/** One step of each verdict that a plan from the state can have. */
export function mixedFleet(): PreviewStep[] {
  const notAligned = { memory: "1100MiB" };
  return [
    createStep(),
    updateStep({ name: "live-1" }),
    updateStep({ name: "boot-1", now: { ...notAligned, hotplug: { whenNotPossible: "nextBoot" } } }),
    deleteStep(),
    updateStep({ name: "stop-1", now: { ...notAligned, hotplug: { whenNotPossible: "restart" } } }),
    { ...updateStep({ name: "again-1", now: notAligned }), op: "replace" },
    updateStep({ name: "unsure-1", now: { memory: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } }),
    updateStep({
      name: "less-1",
      observed: running({ devices: [ours(0, 256), ours(1, 256)] }, { cells: [1515] }),
      before: { memory: "1515MiB", hotplug: { allowUnplug: true } },
    }),
  ];
}

interface Message {
  urn?: string;
  severity: string;
  message: string;
}

/** The document of a preview. */
export function preview(steps: object[], diagnostics: Message[] = [], config: object = {}): string {
  return JSON.stringify({ config, steps, diagnostics, duration: 1, changeSummary: {} }, null, 2);
}
