import { randomUUID } from "node:crypto";
import type { Outcome } from "../hosts/answers.ts";
import type { Providers } from "../hosts/providers.ts";
import { markSecretOutputs, type Resource, storeResource } from "../stack/resource.ts";
import type { PendingOperation, Snapshot } from "../stack/snapshot.ts";
import { isProviderType } from "../stack/urn.ts";
import { UNKNOWN } from "../stack/values.ts";
import {
  type ChangeStep,
  type CreateReplacementStep,
  type CreateStep,
  type DeleteStep,
  type ImportStep,
  ProtectedError,
  type ReadStep,
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
    case "read":
    case "read-replacement":
      return read(step, world);
    case "import":
    case "import-replacement":
      return takeOver(step, world);
    case "remove-pending-replace":
      return world.snapshot.finish({ begun: step.old, retire: step.old });
    case "delete":
    case "delete-replaced":
    case "read-discard":
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
    return take(resource, await world.providers.of(resource).create(resource, world));
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
      world.providers.reload(resource);
      return [];
    }
    const outcome = await world.providers.of(resource).update(old, resource, world);
    resource.modified = new Date().toISOString();
    return take(resource, outcome);
  });
  markSecretOutputs(resource);
  // A half-done update keeps the old inputs, so that the next one sees what is still wanted.
  if (initErrors.length > 0) resource.inputs = { ...old.inputs };
  world.snapshot.finish({ begun: resource, retire: old, add: resource });
  refuseInitErrors(initErrors);
}

async function read({ new: resource, old }: ReadStep, world: World): Promise<void> {
  if (resource.id === UNKNOWN) return;
  const outcome = await recorded(world, resource, "reading", async () => {
    const found = await world.providers.of(resource).read(resource, "to-read");
    if (found.id === "") throw new Error(`resource '${resource.id}' does not exist`);
    return found;
  });
  take(resource, outcome);
  markSecretOutputs(resource);
  world.snapshot.finish({ begun: resource, retire: old?.external ? old : undefined, add: resource });
}

/** What differs from the resource as it was found is updated at once. */
async function takeOver(step: ImportStep, world: World): Promise<void> {
  const { new: resource, old } = step;
  const provider = world.providers.of(resource);
  const initErrors = await recorded(world, resource, "importing", async () => {
    const wanted = resource.inputs;
    const found = await provider.read({ ...resource, id: resource.importID }, "to-import");
    if (found.id === "") throw new Error(`resource '${resource.importID}' does not exist`);
    const { inputs: oldInputs = {} } = found;
    const { preview } = world;
    const { inputs, failures } = await provider.check(resource, { oldInputs, inputs: wanted, preview });
    if (failures.length > 0)
      throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
    const existing = { ...resource, id: found.id, inputs: oldInputs, outputs: found.outputs };
    resource.inputs = inputs;
    const unknowns = preview ? "keep" : "drop";
    step.difference = await provider.diff(existing, inputs, { unknowns, ignore: resource.ignoreChanges });
    const outcome = step.difference.changes ? await provider.update(existing, resource, world) : found;
    return take(resource, outcome);
  });
  resource.created = resource.modified = new Date().toISOString();
  if (old && !old.external) old.delete = true;
  markSecretOutputs(resource);
  world.snapshot.finish({ begun: resource, retire: old?.external ? old : undefined, add: resource });
  refuseInitErrors(initErrors);
}

async function remove({ op, urn, old, awaitsReplacement }: DeleteStep, world: World): Promise<void> {
  if (op === "delete" && old.protect) throw new ProtectedError(urn);
  await recorded(world, old, "deleting", async () => {
    const goesWithAnother = old.deletedWith !== "" && world.isDeleted(old.deletedWith);
    if (!old.custom || isProviderType(old.type)) return;
    // The real engine has it at hand even where there is nothing to ask.
    const provider = world.providers.of(old);
    if (world.preview || old.external || old.retainOnDelete || goesWithAnother) return;
    await provider.delete(old);
  });
  if (awaitsReplacement) old.pendingReplacement = true;
  world.snapshot.finish({ begun: old, retire: awaitsReplacement ? undefined : old });
}

async function recorded<Result>(
  { snapshot }: World,
  resource: Resource,
  type: PendingOperation["type"],
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
