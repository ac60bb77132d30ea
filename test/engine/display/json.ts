import type { OperationResult } from "../report.ts";
import type { Config } from "../stack/project.ts";
import { type Resource, storeResource } from "../stack/resource.ts";
import { isStack } from "../stack/urn.ts";
import { isProps } from "../stack/values.ts";
import type { StepInfo } from "../steps/step.ts";
import { jsonOfDifference } from "./named-changes.ts";
import { printable } from "./values.ts";
import { withSeverity } from "./words.ts";

/** The shape of what `pulumi preview --json` prints, without the differences that the CLI works out itself. */
export interface PreviewJson {
  config: Record<string, string>;
  steps: {
    op: string;
    urn: string;
    /** As in a deployment, with secrets as "[secret]". */
    oldState?: object;
    newState?: object;
    replaceReasons?: string[];
    /** Of a plugin: the properties that differ, at the top and by path. */
    diffReasons?: string[];
    detailedDiff?: Record<string, { kind: string; inputDiff: boolean }>;
  }[];
  /** Absent where there are none. */
  diagnostics?: { urn?: string; message: string; severity: string }[];
  /** Nanoseconds. */
  duration: number;
  changeSummary: Record<string, number>;
}

export function previewJson(result: OperationResult, config: Config): PreviewJson {
  const diagnostics = result.diagnostics
    .filter(({ severity, ephemeral }) => severity !== "debug" && !ephemeral)
    .map((diagnostic) => ({
      ...(diagnostic.urn === "" ? {} : { urn: diagnostic.urn }),
      message: `${withSeverity(diagnostic)}\n`,
      severity: diagnostic.severity,
    }));
  return {
    config: Object.fromEntries(
      Object.entries(config.values).map(([key, value]) => [
        key,
        config.secretKeys.includes(key) ? "[secret]" : value,
      ]),
    ),
    steps: result.begun.filter(isListed).map(({ op, urn, old, new: now, replaceReasons = [], ...step }) => ({
      op,
      urn,
      ...(old ? { oldState: shown(old) } : {}),
      ...(now ? { newState: shown(now) } : {}),
      ...(replaceReasons.length > 0 ? { replaceReasons } : {}),
      ...jsonOfDifference({ op, urn, ...step }),
    })),
    ...(diagnostics.length > 0 ? { diagnostics } : {}),
    duration: Math.round(result.durationMs * 1e6),
    changeSummary: result.changes,
  };
}

/** What changes, each replacement as a whole, and the stack. */
function isListed({ op, urn }: StepInfo): boolean {
  return isStack(urn) || !["same", "create-replacement", "delete-replaced"].includes(op);
}

function shown(resource: Resource): object {
  const stored = storeResource(resource);
  const side = (key: "inputs" | "outputs") => {
    const props = printable(resource[key]);
    return isProps(props) && Object.keys(props).length > 0 ? { [key]: props } : {};
  };
  const { inputs: _inputs, outputs: _outputs, ...rest } = stored;
  return { ...rest, ...side("inputs"), ...side("outputs") };
}
