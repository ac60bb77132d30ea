import { type DeviceClaim, isClash } from "./args/device-claims.ts";
import type { Inputs } from "./args/inputs.ts";
import type { Observation } from "./observe/observe.ts";
import type { newDefinition } from "./operations/new-domain.ts";
import type { Outputs } from "./outputs.ts";
import type { UpdatePlan } from "./plan/plan-update.ts";
import type { PlannedOutcome } from "./plan/planned-outcome.ts";
import { Reservations } from "./reservations.ts";

/**
 * What the operations on one resource pass on to each other in a run. The engine calls check, diff and update; for a
 * replace it calls check, diff, check again without old inputs, delete and create. For `--replace`, `--target-replace` and a
 * tainted resource it calls neither the first check nor diff. A refresh calls read and diff.
 */
export interface ResourceNotes {
  /** Set by check: the program has the resource. A refresh calls diff without check, only to display differences. */
  isInProgram?: true;
  /** Set by check: the inputs that the state has. A check without old inputs in the same run is the second one of a replace. */
  recorded?: Partial<Inputs>;
  /**
   * Set by a check without old inputs until create is called: what that makes. A delete of the same resource in between is part
   * of a replace.
   */
  successor?: Inputs;
  /** Set by a preview: the definition of what a create makes. */
  definition?: { of: Inputs; built: ReturnType<typeof newDefinition> };
  /** Set by diff and delete: the URI of the domain in the state. The new domain of a replace stays on that host. */
  uri?: string;
  /** Set once it was logged that the create continues with a domain that an earlier one left. */
  isContinuing?: true;
  /** Set by diff: the outputs that the state has. */
  state?: Outputs;
  /** Set by check: the plan of a changed program or of an adoption, and the domain that it was made for. diff, which has the state, plans again. */
  planned?: { plan: UpdatePlan; seen: Observation };
  /** Set by diff: the plan of the preview. update does nothing that is more disruptive. */
  announced?: UpdatePlan;
  /** Set by diff: the domain that the plan was made for. Undefined where it was made from the state only. */
  seen?: Observation;
  /** Set by diff for a replace: the outcome that the second check, which can't plan, repeats. */
  replacement?: PlannedOutcome;
}

/** The same for a domain, by its UUID: a resource that was renamed is deleted under its old URN. */
export interface DomainNotes {
  /** Set by check: the URN of the program's resource that has the domain. */
  resource?: string;
  /** Set by delete in a replace: the state of the domain that is replaced. */
  replaced?: Outputs;
  /** Set by a preview: the domain with the capacity of the disks whose size changes, by these disks. */
  images?: { key: string; asked: Promise<Observation | undefined> };
  /** Set by create, which returned the domain: a delete in the same run must not remove it. */
  isCreated?: true;
}

/** What the operations of one run pass on to each other. Pulumi starts a provider process for each run. */
export class RunNotes {
  readonly #resources = new Map<string, ResourceNotes>();
  readonly #domains = new Map<string, DomainNotes>();
  /** The domain names of the program's resources. */
  readonly #names = new Reservations<string>();
  /** The disks and MAC addresses of the program's resources. */
  readonly #claims = new Reservations<DeviceClaim[]>();

  /** The notes on a resource, to read and to write. */
  of(urn: string): ResourceNotes {
    const notes = this.#resources.get(urn) ?? {};
    this.#resources.set(urn, notes);
    return notes;
  }

  /** The notes on a domain, to read and to write. */
  domain(uuid: string): DomainNotes {
    const notes = this.#domains.get(uuid) ?? {};
    this.#domains.set(uuid, notes);
    return notes;
  }

  /**
   * Reserves a domain name on a host for a resource, and releases its previous one.
   *
   * @returns the URN of another resource that already has the name
   */
  claimName(uri: string, name: string, urn: string): string | undefined {
    const key = `${uri} ${name}`;
    this.#names.release(urn);
    const [[owner] = []] = this.#names.of(key);
    if (owner === undefined) this.#names.reserve(key, urn, name);
    return owner;
  }

  /**
   * Reserves devices on a host for a resource, and releases its previous ones.
   *
   * @returns each claim that another resource has already, with its URN
   */
  claimDevices(uri: string, claims: DeviceClaim[], urn: string): { claim: DeviceClaim; owner: string }[] {
    this.#claims.release(urn);
    const keyOf = ({ kind, key }: DeviceClaim) => `${uri} ${kind} ${key}`;
    const clashes = claims.flatMap((claim) => {
      const holders = [...this.#claims.of(keyOf(claim))];
      const [owner] = holders.find(([, theirs]) => theirs.some((one) => isClash(claim, one))) ?? [];
      return owner === undefined ? [] : [{ claim, owner }];
    });
    for (const [key, ours] of Map.groupBy(claims, keyOf)) this.#claims.reserve(key, urn, ours);
    return clashes;
  }
}
