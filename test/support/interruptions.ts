/** The calls of a hypervisor that change a domain, its definition or its metadata, or storage. */
const CHANGES: ReadonlySet<string> = new Set([
  ...["define", "undefine", "createTransient", "start", "shutdown", "destroy", "suspend", "resume", "wake"],
  ...["removeManagedSave", "setAutostart", "attachDevice", "detachDevice", "updateDevice", "setMemory"],
  ...["setMetadata", "agentCommand", "setVcpus", "blockResize"],
  ...["createPool", "destroyPool", "createVolume", "resizeVolume", "deleteVolume"],
]);

/**
 * After which calls (from 1) a run is ended: after each one that changes something, and after the one before that. Between
 * them nothing changes, so only a soak tries them all.
 */
export function interruptions(calls: readonly string[]): number[] {
  const all = calls.map((_, index) => index + 1);
  if (process.env.PROPERTY_RUNS_FACTOR !== undefined) return all;
  return all.filter((n) => CHANGES.has(calls[n - 1] ?? "") || CHANGES.has(calls[n] ?? ""));
}
