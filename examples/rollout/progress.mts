import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { Vm } from "./waves.mts";

type Result = "done" | "FAILED";

/** The operations that end the change of a VM. A replacement has others before. */
const LAST_STEPS = new Set([
  "same",
  "create",
  "import",
  "update",
  "create-replacement",
  "import-replacement",
]);

/** Follows an update: reports the result of each VM, and counts each VM once, whatever steps it has. */
export function progressOf(vms: readonly Vm[], report: (vm: Vm, result: Result) => void) {
  const results = new Map<Vm, Result>();
  return {
    follow: ({ resOutputsEvent, resOpFailedEvent }: EngineEvent) => {
      const { urn, op = "" } = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata ?? {};
      const vm = vms.find((one) => one.urn === urn);
      const isLast = resOpFailedEvent !== undefined || LAST_STEPS.has(op);
      if (vm === undefined || !isLast) return;
      const result = resOpFailedEvent === undefined ? "done" : "FAILED";
      // Nothing makes up for a step that failed.
      if (results.get(vm) === result || results.get(vm) === "FAILED") return;
      results.set(vm, result);
      report(vm, result);
    },
    count: (result: Result) => [...results.values()].filter((one) => one === result).length,
  };
}
