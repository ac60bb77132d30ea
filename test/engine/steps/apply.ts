import { randomUUID } from "node:crypto";
import type { Outcome } from "../hosts/answers.ts";
import type { Providers } from "../hosts/providers.ts";
import { markSecretOutputs, type Resource, storeResource } from "../stack/resource.ts";
import type { Snapshot } from "../stack/snapshot.ts";
import { isProviderType } from "../stack/urn.ts";
import {
  type ChangeStep,
  type CreateReplacementStep,
  type CreateStep,
  type DeleteStep,
  ProtectedError,
  type Step,
} from "./step.ts";

export interface World {
  preview: boolean;
  snapshot: Snapshot;
  providers: Providers;
  /** Whether a resource is deleted in this operation. */
  isDeleted: (urn: string) => boolean;
}

/** Does one step and records it. An error means that the step failed; what it left behind is recorded all the same. */
export async function apply(step: Step, world: World): Promise<void> {
  switch (step.op) {
    case "same":
      return keep(step, world);
    case "create":
    case "create-replacement":
      return create(step, world);
    case "update":
      return update(step, world);
    case "replace":
      return;
    case "remove-pending-replace":
      return world.snapshot.finish({ begun: step.old, retire: step.old });
    case "delete":
    case "delete-replaced":
      return remove(step, world);
  }
}

function keep({ old, new: same }: ChangeStep, { snapshot, providers }: World): void {
  same.id = old.id;
  same.outputs = old.outputs;
  if (isProviderType(same.type)) providers.load(same);
  markSecretOutputs(same);
  const stored = (resource: Resource) =>
    JSON.stringify({ ...storeResource(resource), created: "", modified: "" });
  if (stored(old) === stored(same)) snapshot.keep(old, same);
  else snapshot.finish({ begun: same, retire: old, add: same });
}

async function create(step: CreateStep | CreateReplacementStep, world: World): Promise<void> {
  const { new: resource, old } = step;
  const initErrors = await recorded(world, resource, "creating", async () => {
    if (!resource.custom) return [];
    if (isProviderType(resource.type)) {
      resource.id = world.preview ? "" : randomUUID();
      resource.outputs = resource.inputs;
      world.providers.load(resource);
      return [];
    }
    if (world.preview) {
      // The host of dynamic providers can't preview a create: its inputs stand in for the outputs.
      resource.outputs = { ...resource.inputs };
      return [];
    }
    return take(resource, await world.providers.of(resource).create(resource));
  });
  resource.created = resource.modified = new Date().toISOString();
  if (step.op === "create-replacement" && step.deletesOldLater) step.old.delete = true;
  markSecretOutputs(resource);
  world.snapshot.finish({
    begun: resource,
    retire: old?.pendingReplacement ? old : undefined,
    add: resource,
  });
  refuseInitErrors(initErrors);
}

async function update({ new: resource, old }: ChangeStep, world: World): Promise<void> {
  resource.id = old.id;
  const initErrors = await recorded(world, resource, "updating", async () => {
    if (!resource.custom) return [];
    if (isProviderType(resource.type)) {
      resource.outputs = resource.inputs;
      world.providers.load(resource);
      return [];
    }
    if (world.preview) {
      resource.outputs = { ...resource.inputs };
      return [];
    }
    const outcome = await world.providers.of(resource).update(old, resource);
    resource.modified = new Date().toISOString();
    return take(resource, outcome);
  });
  markSecretOutputs(resource);
  // A half-done update keeps the old inputs, so that the next one sees what is still wanted.
  if (initErrors.length > 0) resource.inputs = { ...old.inputs };
  world.snapshot.finish({ begun: resource, retire: old, add: resource });
  refuseInitErrors(initErrors);
}

async function remove({ op, urn, old, awaitsReplacement }: DeleteStep, world: World): Promise<void> {
  if (op === "delete" && old.protect) throw new ProtectedError(urn);
  await recorded(world, old, "deleting", async () => {
    const goesWithAnother = old.deletedWith !== "" && world.isDeleted(old.deletedWith);
    const isOurs = old.custom && !isProviderType(old.type);
    if (world.preview || !isOurs || old.retainOnDelete || goesWithAnother) return;
    await world.providers.of(old).delete(old);
  });
  if (awaitsReplacement) old.pendingReplacement = true;
  world.snapshot.finish({ begun: old, retire: awaitsReplacement ? undefined : old });
}

async function recorded<Result>(
  { snapshot }: World,
  resource: Resource,
  type: "creating" | "updating" | "deleting",
  work: () => Promise<Result>,
): Promise<Result> {
  snapshot.begin(resource, type);
  try {
    return await work();
  } catch (error) {
    snapshot.fail(resource);
    throw error;
  }
}

function take(resource: Resource, outcome: Outcome): string[] {
  resource.id = outcome.id;
  resource.outputs = outcome.outputs;
  resource.initErrors = outcome.initErrors;
  return outcome.initErrors;
}

function refuseInitErrors(initErrors: string[]): void {
  if (initErrors.length > 0) throw new Error(initErrors.join("\n"));
}
