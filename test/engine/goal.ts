import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { type Goal, newResource } from "./stack/resource.ts";
import { urnOf } from "./stack/urn.ts";
import { propsFromWire } from "./stack/values.ts";

/** What the program asks for when it registers a resource. */
export function goalOf(request: RegisterResourceRequest, at: { project: string; stack: string }): Goal {
  const type = request.getType();
  const parent = request.getParent();
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    propertyDependencies[property] = dependencies.getUrnsList().toSorted();
  });
  const resource = newResource({
    urn: urnOf({ ...at, type, name: request.getName(), parent }),
    type,
    custom: request.getCustom(),
    inputs: propsFromWire(request.getObject()?.toJavaScript()),
    parent,
    provider: request.getProvider(),
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    protect: request.getProtect() ?? false,
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    retainOnDelete: request.getRetainondelete() ?? false,
    deletedWith: request.getDeletedwith(),
  });
  const saysWhen = request.getDeletebeforereplacedefined();
  return { ...resource, deleteBeforeReplace: saysWhen ? request.getDeletebeforereplace() : undefined };
}
