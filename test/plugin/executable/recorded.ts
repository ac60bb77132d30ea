import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer, Fields, Rpc } from "../../support/plugin-messages.ts";

/** One call that the Pulumi CLI v3.260 made of a plugin, and what that plugin, a prototype of this one, answered. */
export interface RecordedCall {
  /** The plugin processes of a command, numbered from 1. */
  process: number;
  rpc: Rpc;
  request: Fields;
  response?: Fields;
  error?: { code: number; message: string };
}

/** Where libvirt listened, as the recordings have it. */
const RECORDED_URI = "qemu:///session?socket=/run/lab/libvirt-sock";

/** The calls of one command, on the libvirt at `uri`. */
export function recordedCalls(name: string, { uri }: { uri: string }): RecordedCall[] {
  const text = readFileSync(join(import.meta.dirname, "recorded", `${name}.json`), "utf8");
  return JSON.parse(text.replaceAll(RECORDED_URI, uri)).calls;
}

/** Texts for a reader, which say more today, and what a state keeps for this provider itself. */
const SAID = new Set(["memoryPlan", "change", "memoryChange"]);
const isCompared = (name: string) => !SAID.has(name) && !name.startsWith("__");

function compared(properties: unknown): unknown {
  return Object.fromEntries(Object.entries(properties ?? {}).filter(([name]) => isCompared(name)));
}

/** The sizes and the identity of a domain among its outputs. */
const OF_DOMAIN = [
  ...["name", "uuid", "memory", "maxMemory", "memorySlots", "vcpus", "uri", "state"],
  ...["liveMemory", "nextBootMemory", "pendingMemory", "reachable", "memoryDevices"],
  ...["maxVcpus", "reachableVcpus", "guestVcpus"],
];

function outputsIn(properties: unknown): Fields {
  const outputs = (properties ?? {}) as Fields;
  const found = OF_DOMAIN.filter((name) => name in outputs).map((name) => [name, outputs[name]]);
  // Whether the guest has taken a DIMM yet is up to the guest.
  return JSON.parse(
    JSON.stringify(Object.fromEntries(found), (key, value) => (key === "taken" ? undefined : value)),
  );
}

/** What must be the same of an answer. */
export function essence(rpc: string, answer: Answer | Pick<RecordedCall, "response" | "error">): Fields {
  if ("error" in answer && answer.error) return { failed: answer.error.code };
  const response = ("response" in answer ? answer.response : undefined) ?? {};
  switch (rpc) {
    case "Handshake":
      return { accept_secrets: response.accept_secrets ?? response.acceptSecrets };
    case "CheckConfig":
    case "Check": {
      const failures = (response.failures ?? []) as { property: string }[];
      return { inputs: compared(response.inputs), failures: failures.map(({ property }) => property).sort() };
    }
    case "Diff": {
      const detailed = Object.entries((response.detailedDiff ?? response.detaileddiff ?? {}) as Fields);
      return {
        changes: response.changes,
        replaces: response.replaces,
        deleteBeforeReplace: response.deleteBeforeReplace ?? response.deletebeforereplace,
        detailedDiff: Object.fromEntries(
          detailed.filter(([path]) => isCompared(path)).map(([path, property]) => [path, kindOf(property)]),
        ),
      };
    }
    case "DiffConfig":
      return { changes: response.changes, replaces: response.replaces };
    case "Create":
      return { id: response.id, ...outputsIn(response.properties) };
    case "Update":
      return outputsIn(response.properties);
    case "Read":
      return { id: response.id, inputs: compared(response.inputs), ...outputsIn(response.properties) };
    case "List":
      return { results: response.results };
    default:
      return {};
  }
}

function kindOf(property: unknown): Fields {
  const { kind, inputDiff, inputdiff } = property as Fields;
  return { kind, inputDiff: inputDiff ?? inputdiff };
}
