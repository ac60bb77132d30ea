import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Policies } from "@pulumi/policy";
import { analyze, analyzeStack, type Diagnostic, inRun, type WireResource } from "../support/policy-pack.ts";

/** A preview or an update, as Pulumi's engine passed it to a policy pack. */
interface RecordedRun {
  isPreview: boolean;
  /** The domains of `validateResource`. */
  resources: WireResource[];
  /** The domains of `validateStack`. */
  stack: WireResource[];
}

export type Host = "dynamic" | "plugin";

/**
 * - `create`: a preview of two new domains;
 * - `change`: one grows live, one is replaced, one has a secret size, one a size that is another's output;
 * - `up`: the same as an update, which has a preview of its own;
 * - `setting`: a preview in which only a setting of one domain changes, after that update;
 * - `target`: a preview of one target, after that update;
 * - `grow`: the same without a target;
 * - `noroute`: the same again, with a host that can't be reached.
 */
export type Recording = "create" | "change" | "up" | "setting" | "target" | "grow" | "noroute";

export function recordedRuns(host: Host, recording: Recording): RecordedRun[] {
  const file = join(import.meta.dirname, "recorded", `${host}-${recording}.json`);
  return JSON.parse(readFileSync(file, "utf8")).runs;
}

/** What a pack says in each run: a line for each violation, with the name of the domain's role in place of its own. */
export async function judged(policies: Policies, host: Host, recording: Recording): Promise<string[]> {
  const said: string[] = [];
  for (const { isPreview, resources, stack } of recordedRuns(host, recording)) {
    const found = await inRun(isPreview, async () => {
      const all: Diagnostic[] = [];
      for (const resource of resources) all.push(...(await analyze(policies, resource)));
      return [...all, ...(await analyzeStack(policies, stack))];
    });
    said.push(
      ...found
        .map(({ message }) => message.split("\n").slice(1).join("\n").replaceAll(`-${host}`, ""))
        .sort(),
    );
  }
  return said;
}
