import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadResource, type Resource, type StoredResource, storeResource } from "./resource.ts";

/** A stack as `pulumi stack export` prints it. */
export interface Deployment {
  version: number;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    resources?: StoredResource[];
    pending_operations?: PendingOperation[];
    metadata?: object;
  };
}

export interface PendingOperation {
  resource: StoredResource;
  type: "creating" | "updating" | "deleting" | "importing" | "reading";
}

export function readDeployment(file: string): Deployment {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  return { version: 3, deployment: { manifest: { time: "", magic: "", version: "" }, resources: [] } };
}

/**
 * The stack's state while an operation runs. The file is written before and after every step, so that what was
 * begun can be seen after a crash. Order in the file: finished resources as they finished, then untouched old ones.
 */
export class Snapshot {
  /** The resources as they were before the operation, in the file's order: dependencies first. */
  base: Resource[];
  readonly interrupted: PendingOperation[];
  private readonly finished: Resource[] = [];
  private readonly gone = new Set<Resource>();
  private readonly running = new Map<Resource, PendingOperation["type"]>();
  private unsaved = false;
  private readonly file: string;
  private readonly readOnly: boolean;

  constructor(file: string, { readOnly }: { readOnly: boolean }) {
    this.file = file;
    this.readOnly = readOnly;
    const { resources = [], pending_operations = [] } = readDeployment(file).deployment;
    this.base = resources.map(loadResource);
    // An update or a deletion can be tried again; what a creation left behind is not known.
    this.interrupted = pending_operations.filter((operation) => operation.type === "creating");
  }

  begin(resource: Resource, type: PendingOperation["type"]): void {
    this.running.set(resource, type);
    this.save();
  }

  fail(resource: Resource): void {
    this.running.delete(resource);
    this.save();
  }

  finish(change: { begun: Resource; retire?: Resource | undefined; add?: Resource }): void {
    this.running.delete(change.begun);
    this.swap(change);
    this.save();
  }

  /** Like {@link finish}, for a resource that did not change: the file is written with the next change. */
  keep(old: Resource, same: Resource): void {
    this.swap({ retire: old, add: same });
    this.unsaved = true;
  }

  private swap({ retire, add }: { retire?: Resource | undefined; add?: Resource }): void {
    if (retire) this.gone.add(retire);
    if (add) this.finished.push(add);
  }

  resources(): Resource[] {
    return [...this.finished, ...this.base].filter((resource) => !this.gone.has(resource));
  }

  close(): void {
    if (this.unsaved) this.save();
  }

  save(): void {
    if (this.readOnly) return;
    this.unsaved = false;
    const running = [...this.running].map(([resource, type]) => ({
      resource: storeResource(resource),
      type,
    }));
    const pending = [...running, ...this.interrupted];
    const deployment: Deployment = {
      version: 3,
      deployment: {
        manifest: { time: new Date().toISOString(), magic: "", version: "small-engine" },
        resources: this.resources().map(storeResource),
        ...(pending.length > 0 ? { pending_operations: pending } : {}),
        metadata: {},
      },
    };
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.new`, `${JSON.stringify(deployment, undefined, 1)}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}
