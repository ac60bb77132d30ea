import type { Difference } from "../hosts/difference.ts";
import type { ProviderHost } from "../hosts/provider-host.ts";
import type { Providers } from "../hosts/providers.ts";
import type { Goal, Resource } from "../stack/resource.ts";
import { isProviderType, nameOf } from "../stack/urn.ts";
import { equal, goText, type Props } from "../stack/values.ts";
import { dependentsToReplace } from "./dependents.ts";
import { type Answer, Bail, type DeleteStep, type Step } from "./step.ts";

/** What the rules look at: `snapshot.base` is the state before the operation. */
export interface Rules {
  preview: boolean;
  /** The URNs of resources that are replaced whatever their providers answer. */
  replace?: readonly string[];
  snapshot: { base: Resource[] };
  providers: Providers;
  report: { error: (urn: string, message: string) => void };
}

const UNCHANGED = { changes: false, replaces: [], deleteBeforeReplace: false, changedKeys: [] };

/** Turns what the program registers into steps, by the real engine's rules. */
export class StepGenerator {
  /** What was decided for each registered URN. */
  private readonly decided = new Map<string, "create" | "update" | "replace" | "same">();
  private readonly registered = new Set<string>();
  /** Deleted ahead of their replacement, and not yet registered again. */
  private readonly toRecreate = new Set<string>();
  private readonly deletedUrns = new Set<string>();
  private readonly deletedEarly = new Set<Resource>();
  private readonly olds: Map<string, Resource>;
  private readonly rules: Rules;

  constructor(rules: Rules) {
    this.rules = rules;
    this.olds = new Map(rules.snapshot.base.filter((old) => !old.delete).map((old) => [old.urn, old]));
  }

  isDeleted(urn: string): boolean {
    return this.deletedUrns.has(urn);
  }

  async generate(goal: Goal, answer: Answer): Promise<Step[]> {
    const { urn } = goal;
    if (this.registered.has(urn))
      throw new Error(`Duplicate resource URN '${urn}'; try giving it a unique name`);
    this.registered.add(urn);
    const old = this.olds.get(urn);
    const { deleteBeforeReplace: _, ...wanted } = goal;
    const resource: Resource = { ...wanted, created: old?.created ?? "", modified: old?.modified ?? "" };
    const provider = goal.custom && !isProviderType(goal.type) ? this.rules.providers.of(goal) : undefined;

    if (!old || this.toRecreate.delete(urn)) {
      resource.inputs = await this.check(provider, resource, { oldInputs: {}, inputs: goal.inputs });
      this.decided.set(urn, old ? "replace" : "create");
      if (!old) return [{ op: "create", urn, new: resource, answer }];
      return this.recreation(old, resource, [], answer);
    }

    if (this.rules.replace?.includes(urn)) {
      const difference = { ...UNCHANGED, changes: true, replaces: ["id"] };
      return this.replacement({ goal, old, resource, provider, difference, answer });
    }

    const inputs = ignoringChanges(goal, old.inputs);
    resource.inputs = await this.check(provider, resource, { oldInputs: old.inputs, inputs });
    const difference = await this.difference(provider, old, resource);
    const isReplaced = difference.replaces.length > 0 || old.pendingReplacement;
    if ((difference.changes || old.pendingReplacement) && isReplaced) {
      return this.replacement({ goal, old, resource, provider, difference, answer });
    }
    const op = difference.changes || old.initErrors.length > 0 ? "update" : "same";
    this.decided.set(urn, op);
    return [{ op, urn, old, new: resource, answer }];
  }

  /** Deletions of what the program did not register, and of what was replaced; in no order yet. */
  deletions(): DeleteStep[] {
    const steps: DeleteStep[] = [];
    for (const old of this.rules.snapshot.base) {
      const { urn } = old;
      if (old.delete) {
        if (this.deletedEarly.has(old)) continue;
        steps.push({ op: "delete-replaced", urn, old, awaitsReplacement: false });
      } else if (!this.decided.has(urn)) {
        const op = old.pendingReplacement ? "remove-pending-replace" : "delete";
        steps.push({ op, urn, old, awaitsReplacement: false });
      } else continue;
      this.deletedUrns.add(urn);
    }
    return steps;
  }

  private async check(
    provider: ProviderHost | undefined,
    resource: Resource,
    { oldInputs, inputs }: { oldInputs: Props; inputs: Props },
  ): Promise<Props> {
    if (!provider) return inputs;
    const { urn, type } = resource;
    const checked = await provider.check(resource, { oldInputs, inputs, preview: this.rules.preview });
    for (const { property, reason } of checked.failures) {
      const at = property === "" ? "" : `: property ${property} value ${goText(inputs[property] ?? null)}`;
      this.rules.report.error(urn, `${type} resource '${nameOf(urn)}'${at} has a problem: ${reason}`);
    }
    if (checked.failures.length > 0) throw new Bail(`resource ${urn} is invalid`);
    return checked.inputs;
  }

  private async difference(
    provider: ProviderHost | undefined,
    old: Resource,
    resource: Resource,
  ): Promise<Difference> {
    if (resource.custom !== old.custom) return { ...UNCHANGED, changes: true, replaces: ["provider"] };
    if (this.decided.get(resource.deletedWith) === "replace") {
      return { ...UNCHANGED, changes: true, replaces: ["deletedWith"] };
    }
    if (!provider) return { ...UNCHANGED, changes: !equal(old.inputs, resource.inputs) };
    const { ignoreChanges: ignore, replaceOnChanges } = resource;
    const unknowns = this.rules.preview ? "keep" : "drop";
    const difference = await provider.diff(old, resource.inputs, { unknowns, ignore });
    const matches = (key: string) => replaceOnChanges.includes(key) || replaceOnChanges.includes("*");
    if (difference.changes) difference.replaces.push(...difference.changedKeys.filter(matches));
    if (old.initErrors.length > 0 && replaceOnChanges.includes("*")) {
      return { ...difference, changes: true, replaces: [...difference.replaces, "#initerror"] };
    }
    return difference;
  }

  private async replacement(o: {
    goal: Goal;
    old: Resource;
    resource: Resource;
    provider: ProviderHost | undefined;
    difference: Difference;
    answer: Answer;
  }): Promise<Step[]> {
    const { goal, old, resource, answer } = o;
    const { urn } = goal;
    const replaceReasons = o.difference.replaces;
    if (old.protect && goal.protect) {
      const reason = "as it is currently marked for protection";
      this.rules.report.error(urn, `unable to replace resource "${urn}"\n${reason}`);
      if (!this.rules.preview) throw new Bail(`resource ${urn} is protected`);
    }
    this.decided.set(urn, "replace");
    // Once more, as for a new resource.
    resource.inputs = await this.check(o.provider, resource, { oldInputs: {}, inputs: goal.inputs });
    if (!(goal.deleteBeforeReplace ?? o.difference.deleteBeforeReplace)) {
      return [
        { op: "create-replacement", urn, old, new: resource, replaceReasons, deletesOldLater: true, answer },
        { op: "replace", urn, old, new: resource, replaceReasons },
      ];
    }
    const steps: Step[] = await this.dependentDeletions(old);
    if (!old.pendingReplacement) {
      this.deletedUrns.add(urn);
      steps.push({ op: "delete-replaced", urn, old, awaitsReplacement: true });
    }
    return [...steps, ...this.recreation(old, resource, replaceReasons, answer)];
  }

  private recreation(old: Resource, resource: Resource, replaceReasons: string[], answer: Answer): Step[] {
    const step = { urn: old.urn, old, new: resource, replaceReasons };
    return [
      { ...step, op: "replace" },
      { ...step, op: "create-replacement", deletesOldLater: false, answer },
    ];
  }

  /** Dependents that can't live without `root`, dependents of dependents first. */
  private async dependentDeletions(root: Resource): Promise<Step[]> {
    const steps: Step[] = [];
    const dependents = await dependentsToReplace(root, {
      base: this.rules.snapshot.base,
      isDecided: (urn) => this.decided.has(urn),
      diff: (resource, inputs) =>
        this.rules.providers
          .of(resource)
          .diff(resource, inputs, { unknowns: "keep", ignore: resource.ignoreChanges }),
    });
    for (const dependent of dependents.reverse()) {
      const { urn } = dependent;
      if (this.deletedEarly.has(dependent)) continue;
      if (dependent.protect) {
        const why = `as part of replacing "${root.urn}" as it is currently marked for protection`;
        this.rules.report.error(urn, `unable to replace resource "${urn}" ${why}`);
        throw new Bail(`resource ${urn} is protected`);
      }
      steps.push({ op: "delete-replaced", urn, old: dependent, awaitsReplacement: true });
      this.toRecreate.add(urn);
      this.deletedUrns.add(urn);
      this.deletedEarly.add(dependent);
    }
    return steps;
  }
}

function ignoringChanges(goal: Goal, oldInputs: Props): Props {
  const inputs = { ...goal.inputs };
  for (const key of goal.ignoreChanges) {
    const old = oldInputs[key];
    if (old === undefined) delete inputs[key];
    else inputs[key] = old;
  }
  return inputs;
}
