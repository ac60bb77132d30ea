import { type Difference, NO_DIFFERENCE, replacingOnChanges } from "../hosts/difference.ts";
import type { Checks } from "../hosts/provider-host.ts";
import type { Providers } from "../hosts/providers.ts";
import { restored } from "../stack/property-path.ts";
import type { Goal, Resource } from "../stack/resource.ts";
import {
  DYNAMIC_PACKAGE,
  isDefaultProvider,
  isProviderType,
  nameOf,
  packageOf,
  urnOfProviderReference,
} from "../stack/urn.ts";
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

/** Turns what the program registers into steps, by the real engine's rules. */
export class StepGenerator {
  /** What was decided for each registered URN, and for the URN by which the state knows an alias. */
  private readonly decided = new Map<string, "create" | "update" | "replace" | "same">();
  /** The provider resources that this run registered, by URN. */
  private readonly registeredProviders = new Map<string, Resource>();
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
    const old = this.oldOf(goal);
    const { deleteBeforeReplace: _, version: __, aliases: ___, ...wanted } = goal;
    const resource: Resource = { ...wanted, created: old?.created ?? "", modified: old?.modified ?? "" };
    if (isProviderType(goal.type)) this.registeredProviders.set(urn, resource);
    if (goal.external) return this.reading(old, resource, answer);
    const isRecreated = old !== undefined && this.toRecreate.delete(old.urn);
    if (isImport(goal, old)) return this.importing(isRecreated ? undefined : old, resource, answer);
    const provider = this.providerOf(goal);

    if (!old || old.external || isRecreated) {
      resource.inputs = await this.check(provider, resource, { oldInputs: {}, inputs: goal.inputs });
      this.decide(urn, old, old ? "replace" : "create");
      if (!old) return [{ op: "create", urn, new: resource, answer }];
      return this.recreation(old, resource, [], answer);
    }

    if (this.rules.replace?.includes(urn)) {
      const difference = { ...NO_DIFFERENCE, changes: true, replaces: ["id"] };
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
    this.decide(urn, old, op);
    return [{ op, urn, old, new: resource, answer, ...(op === "update" ? { difference } : {}) }];
  }

  /** By its URN or, where the state has none of that, by a URN that it had before. */
  private oldOf({ urn, aliases }: Goal): Resource | undefined {
    const known = [urn, ...aliases.filter((alias) => !this.decided.has(alias))];
    return known.map((each) => this.olds.get(each)).find((old) => old !== undefined);
  }

  private decide(
    urn: string,
    old: Resource | undefined,
    decision: "create" | "update" | "replace" | "same",
  ): void {
    this.decided.set(urn, decision);
    if (old) this.decided.set(old.urn, decision);
  }

  private providerOf(goal: Goal): Checks | undefined {
    if (!goal.custom) return undefined;
    const { providers } = this.rules;
    return isProviderType(goal.type) ? providers.configurationOf(goal) : providers.of(goal);
  }

  private reading(old: Resource | undefined, resource: Resource, answer: Answer): Step[] {
    const { urn } = resource;
    const isManaged = old !== undefined && !old.external;
    this.decide(urn, old, isManaged ? "replace" : "same");
    if (!isManaged) return [{ op: "read", urn, old, new: resource, answer }];
    return [
      { op: "read-replacement", urn, old, new: resource, answer },
      { op: "replace", urn, old, new: resource },
    ];
  }

  private importing(old: Resource | undefined, resource: Resource, answer: Answer): Step[] {
    const { urn } = resource;
    this.decide(urn, old, old ? "replace" : "create");
    if (!old) return [{ op: "import", urn, new: resource, answer }];
    return [
      { op: "import-replacement", urn, old, new: resource, answer },
      { op: "replace", urn, old, new: resource },
    ];
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
        const op = old.pendingReplacement
          ? "remove-pending-replace"
          : old.external
            ? "read-discard"
            : "delete";
        steps.push({ op, urn, old, awaitsReplacement: false });
      } else continue;
      this.deletedUrns.add(urn);
    }
    return steps;
  }

  private async check(
    provider: Checks | undefined,
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
    provider: Checks | undefined,
    old: Resource,
    resource: Resource,
  ): Promise<Difference> {
    const none = NO_DIFFERENCE;
    if (resource.custom !== old.custom || (await this.needsOtherProvider(old, resource)))
      return { ...none, changes: true, replaces: ["provider"] };
    if (this.decided.get(resource.deletedWith) === "replace") {
      return { ...NO_DIFFERENCE, changes: true, replaces: ["deletedWith"] };
    }
    if (!provider) return { ...NO_DIFFERENCE, changes: !equal(old.inputs, resource.inputs) };
    const { ignoreChanges: ignore, replaceOnChanges } = resource;
    const unknowns = this.rules.preview ? "keep" : "drop";
    const difference = replacingOnChanges(
      await provider.diff(old, resource.inputs, { unknowns, ignore, wanted: resource }),
      replaceOnChanges,
    );
    if (old.initErrors.length > 0 && replaceOnChanges.includes("*")) {
      return { ...difference, changes: true, replaces: [...difference.replaces, "#initerror"] };
    }
    return difference;
  }

  /** Whether its new provider, asked how it differs from the old one, can't go on with what that made. */
  private async needsOtherProvider(old: Resource, resource: Resource): Promise<boolean> {
    if (old.provider === resource.provider || old.provider === "" || resource.provider === "") return false;
    const urn = urnOfProviderReference(resource.provider);
    const isSameDefault = isDefaultProvider(urn) && urnOfProviderReference(old.provider) === urn;
    const provider = this.registeredProviders.get(urn);
    const recorded = this.rules.providers.recordedProvider(old.provider);
    // A host of dynamic providers can't compare configurations.
    if (!provider || !recorded || isSameDefault || packageOf(provider.type) === DYNAMIC_PACKAGE) return false;
    const o = { unknowns: "keep" as const, ignore: [], wanted: provider };
    const { config } = this.rules.providers.of(resource);
    return (await config.diff(recorded, provider.inputs, o)).replaces.length > 0;
  }

  private async replacement(o: {
    goal: Goal;
    old: Resource;
    resource: Resource;
    provider: Checks | undefined;
    difference: Difference;
    answer: Answer;
  }): Promise<Step[]> {
    const { goal, old, resource, answer } = o;
    const { urn } = goal;
    const { difference } = o;
    const replaceReasons = difference.replaces;
    if (old.protect && goal.protect) {
      const reason = "as it is currently marked for protection";
      this.rules.report.error(urn, `unable to replace resource "${urn}"\n${reason}`);
      if (!this.rules.preview) throw new Bail(`resource ${urn} is protected`);
    }
    this.decide(urn, old, "replace");
    // Once more, as for a new resource.
    resource.inputs = await this.check(o.provider, resource, { oldInputs: {}, inputs: goal.inputs });
    if (!(goal.deleteBeforeReplace ?? o.difference.deleteBeforeReplace)) {
      const step = { urn, old, new: resource, replaceReasons, difference };
      return [
        { ...step, op: "create-replacement", deletesOldLater: true, answer },
        { ...step, op: "replace" },
      ];
    }
    const steps: Step[] = await this.dependentDeletions(old);
    if (!old.pendingReplacement) {
      this.deletedUrns.add(urn);
      steps.push({ op: "delete-replaced", urn, old, awaitsReplacement: true });
    }
    return [...steps, ...this.recreation(old, resource, replaceReasons, answer, difference)];
  }

  private recreation(
    old: Resource,
    resource: Resource,
    replaceReasons: string[],
    answer: Answer,
    difference?: Difference,
  ): Step[] {
    const { urn } = resource;
    const step = { urn, old, new: resource, replaceReasons, ...(difference ? { difference } : {}) };
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
  return goal.ignoreChanges.reduce((inputs, path) => restored(inputs, oldInputs, path), goal.inputs);
}

/** Whether the resource that the program names by its id is yet to be taken over. */
function isImport({ custom, importID }: Goal, old: Resource | undefined): boolean {
  if (!custom || importID === "") return false;
  return !old || old.external || (old.id !== importID && old.importID !== importID);
}
