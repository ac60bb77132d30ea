import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import type { ReadResourceRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { type Goal, newResource, type Timeouts } from "./stack/resource.ts";
import { nameOf, typeOf, urnOf } from "./stack/urn.ts";
import { propsFromWire } from "./stack/values.ts";

/** What the program asks for when it registers a resource. */
export function goalOf(request: RegisterResourceRequest, at: { project: string; stack: string }): Goal {
  const type = request.getType();
  const parent = request.getParent();
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    propertyDependencies[property] = dependencies.getUrnsList().toSorted();
  });
  const urn = urnOf({ ...at, type, name: request.getName(), parent });
  const resource = newResource({
    urn,
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
    customTimeouts: timeoutsOf(request.getCustomtimeouts()),
    importID: request.getImportid(),
  });
  const saysWhen = request.getDeletebeforereplacedefined();
  return {
    ...resource,
    deleteBeforeReplace: saysWhen ? request.getDeletebeforereplace() : undefined,
    aliases: [
      ...request.getAliasurnsList(),
      ...request.getAliasesList().map((alias) => aliasUrn(alias, { ...at, urn, parent })),
    ],
    version: request.getVersion(),
  };
}

/** What the program asks for when it reads a resource that the stack doesn't manage. */
export function goalOfRead(request: ReadResourceRequest, at: { project: string; stack: string }): Goal {
  const [type, parent] = [request.getType(), request.getParent()];
  const resource = newResource({
    urn: urnOf({ ...at, type, name: request.getName(), parent }),
    ...{ type, parent, custom: true, external: true },
    id: request.getId(),
    inputs: propsFromWire(request.getProperties()?.toJavaScript()),
    provider: request.getProvider(),
    dependencies: request.getDependenciesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  });
  return { ...resource, deleteBeforeReplace: undefined, aliases: [], version: request.getVersion() };
}

/** The URN that the resource had; what the alias leaves out is as it is now. */
function aliasUrn(
  alias: Alias,
  now: { project: string; stack: string; urn: string; parent: string },
): string {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  return urnOf({
    stack: spec.getStack() || now.stack,
    project: spec.getProject() || now.project,
    type: spec.getType() || typeOf(now.urn),
    name: spec.getName() || nameOf(now.urn),
    parent: spec.getNoparent() ? "" : spec.getParenturn() || now.parent,
  });
}

function timeoutsOf(sent: RegisterResourceRequest.CustomTimeouts | undefined): Timeouts {
  const given = { create: sent?.getCreate(), update: sent?.getUpdate(), delete: sent?.getDelete() };
  const seconds = Object.entries(given).map(([operation, text]) => [operation, secondsIn(text ?? "")]);
  return Object.fromEntries(seconds.filter(([, time]) => time !== 0));
}

const SECONDS: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** A duration as Go writes it: "1h30m". */
function secondsIn(duration: string): number {
  const parts = [...duration.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)];
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (SECONDS[unit] ?? 0), 0);
}
