import type { GuestRecord } from "../guest/record.ts";
import type { VcpuRecord } from "../guest/vcpus.ts";
import type { Observation } from "../observe/observe.ts";
import type { Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import type { Progress, UpdateContext } from "./context.ts";
import type { HostMemory } from "./host-memory.ts";

/** One kind of step of an update: its precheck, its run and its confirmation by the guest. */
export interface Action<S extends Step> {
  /**
   * The memory that must be available before the first step of the update, so that no step fails halfway for lack of
   * memory.
   */
  needs?(step: S, context: UpdateContext, progress: Progress): MemoryNeeds;
  /**
   * Before the first step: asks what memory the guest has, to wait for the change later. Also called if the update has
   * no step of this kind, for memory that an earlier update waited for in vain.
   *
   * @returns undefined when there is nothing to wait for
   * @throws UserError where the guest couldn't take what is planned
   */
  prepare?(context: UpdateContext): Promise<Confirm | undefined>;
  /**
   * Carries out the step. It changes nothing that is already done, so a step can be repeated.
   *
   * @returns the domain as it is then
   */
  run(step: S, context: UpdateContext, progress: Progress): Promise<Observation>;
  /**
   * After `run` failed: makes the rest of the domain consistent with what was done.
   *
   * @param latest the domain as it was read back since then
   * @returns the domain as it is then, if it differs from the state; else undefined
   */
  afterFailure?(
    step: S,
    context: UpdateContext,
    progress: Progress,
    latest: Observation,
  ): Promise<Observation | undefined>;
}

export interface MemoryNeeds {
  /** Memory that the host has to provide. */
  host?: HostMemory;
  /** Memory that the guest has to give up. */
  guest?: Kib;
}

/** Waits until the guest has followed the steps. */
export type Confirm = (progress: Progress) => Promise<Confirmation>;

export interface Confirmation {
  /** The domain as it was read back last. */
  now: Observation;
  /** What the guest reported about its memory. */
  guest: GuestRecord | undefined;
  /** What it reported about its vCPUs, where it was asked. */
  vcpus?: VcpuRecord;
  /** The update waited until the guest had what was added, or the time was up. */
  isAwaited: boolean;
  /** Why the guest doesn't have all of its memory or vCPUs: the update fails, and the next one continues. */
  shortfall?: string;
}
