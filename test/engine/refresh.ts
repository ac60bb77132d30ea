import pLimit from "p-limit";
import type { Session } from "./session.ts";
import { markSecretOutputs, type Resource } from "./stack/resource.ts";
import { isProviderType } from "./stack/urn.ts";
import { equal } from "./stack/values.ts";
import { Bail, type Op } from "./steps/step.ts";

/**
 * Reads every resource and writes what it finds into the state; a failed read leaves its resource as it was.
 * `counts`: whether what is found is counted among the operation's changes.
 */
export async function refresh(session: Session, { counts }: { counts: boolean }): Promise<void> {
  const { snapshot, report, signal } = session;
  const limit = pLimit(Math.max(1, session.parallel));
  let anyFailed = false;
  const found = await Promise.all(
    snapshot.base.map((old) =>
      limit(async () => {
        if (signal.aborted || old.pendingReplacement) return old;
        const step = { op: "refresh" as Op, urn: old.urn, old };
        report.begun(step);
        try {
          const unread: Read = { op: "same", resource: old };
          const { op, resource } = canBeRead(old) ? await read(old, session) : unread;
          const ended = { ...step, op: counts ? op : step.op, ...(resource ? { new: resource } : {}) };
          report.ended(ended, counts ? op : undefined);
          return resource;
        } catch (error) {
          anyFailed = true;
          report.failed(step, error);
          return old;
        }
      }),
    ),
  );
  snapshot.base = withoutReferencesToGone(snapshot.base, found);
  snapshot.save();
  if (!anyFailed) return;
  report.endedWith("failed", session);
  throw new Bail("a resource could not be read");
}

function canBeRead(resource: Resource): boolean {
  return resource.custom && !isProviderType(resource.type);
}

interface Read {
  op: "same" | "update" | "delete";
  /** Undefined if it is gone. */
  resource: Resource | undefined;
}

async function read(old: Resource, { providers, preview, report }: Session): Promise<Read> {
  const provider = providers.of(old);
  const { id, outputs, inputs = old.inputs, initErrors } = await provider.read(old);
  if (initErrors.length > 0) {
    const message = `Refreshed resource is in an unhealthy state:\n* ${initErrors.join("\n* ")}`;
    report.diagnostic({ urn: old.urn, severity: "warning", message, ephemeral: false });
  }
  if (id === "") return { op: "delete", resource: undefined };
  const resource = { ...old, id, inputs, outputs, initErrors };
  markSecretOutputs(resource);
  const isSame = equal(old.inputs, resource.inputs) && equal(old.outputs, resource.outputs);
  if (!isSame) resource.modified = new Date().toISOString();
  if (old.external) return { op: isSame ? "same" : "update", resource };
  // Not what differs in the state is reported, but what the next update would do about it.
  const unknowns = preview ? "keep" : "drop";
  const diff = await provider.diff(resource, old.inputs, { unknowns, ignore: resource.ignoreChanges });
  return { op: diff.changes ? "update" : "same", resource };
}

/** `found` has the resource of the same position as it is now; what depended on gone ones no longer says so. */
function withoutReferencesToGone(base: Resource[], found: (Resource | undefined)[]): Resource[] {
  const kept: Resource[] = [];
  const urns = new Set<string>();
  const parentOfGone = new Map<string, string>();
  for (const [i, old] of base.entries()) {
    const resource = found[i];
    if (!resource) {
      parentOfGone.set(old.urn, old.parent);
      continue;
    }
    const isThere = (urn: string) => urns.has(urn);
    resource.dependencies = resource.dependencies.filter(isThere);
    // The real engine drops lists that were empty before, too.
    resource.propertyDependencies = Object.fromEntries(
      Object.entries(resource.propertyDependencies)
        .map(([key, dependencies]) => [key, dependencies.filter(isThere)] as const)
        .filter(([, dependencies]) => dependencies.length > 0),
    );
    if (!isThere(resource.deletedWith)) resource.deletedWith = "";
    while (resource.parent !== "" && !isThere(resource.parent)) {
      resource.parent = parentOfGone.get(resource.parent) ?? "";
    }
    urns.add(resource.urn);
    kept.push(resource);
  }
  return kept;
}
