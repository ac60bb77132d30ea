import type { OperationResult } from "../report.ts";
import type { Config } from "../stack/project.ts";
import { type Resource, storeResource } from "../stack/resource.ts";
import { isProps } from "../stack/values.ts";
import { printable } from "./values.ts";
import { withSeverity } from "./words.ts";

/** The shape of what `pulumi preview --json` prints, without the differences that the CLI works out. */
export interface PreviewJson {
  config: Record<string, string>;
  steps: {
    op: string;
    urn: string;
    /** As in a deployment, with secrets as "[secret]". */
    oldState?: object;
    newState?: object;
    replaceReasons?: string[];
  }[];
  diagnostics: { urn?: string; message: string; severity: string; ephemeral?: boolean }[];
  /** Nanoseconds. */
  duration: number;
  changeSummary: Record<string, number>;
}

export function previewJson(result: OperationResult, config: Config): PreviewJson {
  return {
    config: Object.fromEntries(
      Object.entries(config.values).map(([key, value]) => [
        key,
        config.secretKeys.includes(key) ? "[secret]" : value,
      ]),
    ),
    steps: result.steps.map(({ op, urn, old, new: now, replaceReasons = [] }) => ({
      op,
      urn,
      ...(old ? { oldState: shown(old) } : {}),
      ...(now ? { newState: shown(now) } : {}),
      ...(replaceReasons.length > 0 ? { replaceReasons } : {}),
    })),
    diagnostics: result.diagnostics
      .filter(({ severity }) => severity !== "debug")
      .map((diagnostic) => ({
        ...(diagnostic.urn === "" ? {} : { urn: diagnostic.urn }),
        message: `${withSeverity(diagnostic)}\n`,
        severity: diagnostic.severity,
        ...(diagnostic.ephemeral ? { ephemeral: true } : {}),
      })),
    duration: Math.round(result.durationMs * 1e6),
    changeSummary: result.changes,
  };
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
