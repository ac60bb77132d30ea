import { expect } from "vitest";
import type { Headroom, Inputs } from "../../provider/args/inputs.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { defined } from "../../provider/defined.ts";
import { PartialError } from "../../provider/errors.ts";
import { foreseenCreation } from "../../provider/foreseen/creation.ts";
import { withHeadroom } from "../../provider/foreseen/headroom.ts";
import { foreseenUpdate } from "../../provider/foreseen/update.ts";
import { check } from "../../provider/operations/check.ts";
import { create } from "../../provider/operations/create.ts";
import { deleteDomain } from "../../provider/operations/delete.ts";
import { diff } from "../../provider/operations/diff.ts";
import { newDefinition } from "../../provider/operations/new-domain.ts";
import { update } from "../../provider/operations/update.ts";
import type { Outputs } from "../../provider/outputs.ts";
import { Session } from "../../provider/session.ts";
import { hidden, URN } from "../support/arbitrary-inputs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { URI } from "../support/observations.ts";
import { wire } from "../support/one-resource.ts";

export type Properties = Record<string, unknown>;

interface Foreseen {
  foreseen: Properties;
  headroom: Headroom | undefined;
  after: Outputs;
  kind: string;
  /** The preview looked at the domain. */
  isLooked: boolean;
}

/** A stack of one domain on a host of its own, whose previews tell the outputs. */
export class Previewed {
  readonly host = new FakeHypervisor();
  readonly clock = new FakeClock();
  state: Outputs | undefined;
  inputs: Properties = {};
  isReachable = true;
  /** The work failed, which leaves a part of it. */
  hasFailed = false;

  session(): Session {
    const quiet = () => Promise.resolve();
    const session = new Session({
      connect: async () => {
        if (!this.isReachable) throw new Error("no route");
        return this.host;
      },
      log: { message: quiet, status: quiet },
      environment: { LIBVIRT_DEFAULT_URI: URI },
      clock: this.clock,
    });
    return session;
  }

  /** What the preview foresees and what the work then has, or undefined where the program or the plan is refused. */
  async up(args: Properties): Promise<Foreseen | undefined> {
    const session = this.session();
    const news = await this.checked(session, this.inputs, args);
    if (news === undefined) return undefined;
    if (this.state === undefined) return this.created(session, news);
    const answer = await diff(session, news.uuid, this.state, news).catch(() => undefined);
    if (answer === undefined || answer.changes === false) return undefined;
    if (answer.replaces !== undefined) {
      const again = await this.checked(session, {}, args);
      if (again === undefined) return undefined;
      const foreseen = await this.foreseenCreation(session, again);
      const { headroom } = await withHeadroom(session, {}, again);
      await deleteDomain(session, news.uuid, this.state);
      return this.record(session, { foreseen, headroom }, again, "replace", () => create(session, again));
    }
    const foreseen = this.foreseenUpdate(session, news);
    const { headroom } = await withHeadroom(session, this.inputs, news);
    const { state } = this;
    return this.record(session, { foreseen, headroom }, news, "update", () =>
      update(session, news.uuid, state, news),
    );
  }

  /** What a preview foresees of a change of an existing domain. */
  async preview(args: Properties): Promise<Properties> {
    const session = this.session();
    const news = await this.checked(session, this.inputs, args);
    if (news === undefined || this.state === undefined) throw new Error("nothing to preview");
    await diff(session, news.uuid, this.state, news);
    return this.foreseenUpdate(session, news);
  }

  private foreseenUpdate(session: Session, news: Inputs): Properties {
    const { announced, seen } = session.run.of(URN);
    if (this.state === undefined || announced === undefined) throw new Error("nothing was announced");
    return foreseenUpdate({ state: this.state, news, announced, seen, defaults: session.defaults });
  }

  private async foreseenCreation(session: Session, inputs: Inputs): Promise<Properties> {
    const { xml } = await newDefinition(session, this.host, inputs);
    return foreseenCreation({ inputs, uri: URI, xml, adopts: false, defaults: session.defaults });
  }

  private async created(session: Session, news: Inputs) {
    const foreseen = await this.foreseenCreation(session, news);
    const { headroom } = await withHeadroom(session, {}, news);
    return this.record(session, { foreseen, headroom }, news, "create", () => create(session, news));
  }

  private async checked(session: Session, olds: Properties, args: Properties): Promise<Inputs | undefined> {
    const { inputs, failures } = await check(session, wire(olds), { ...hidden, ...args });
    return failures.length === 0 ? (wire(inputs) as unknown as Inputs) : undefined;
  }

  private async record(
    session: Session,
    { foreseen, headroom }: Pick<Foreseen, "foreseen" | "headroom">,
    inputs: Inputs,
    kind: string,
    work: () => Promise<{ outs: Outputs }>,
  ): Promise<Foreseen | undefined> {
    try {
      const { outs } = await work();
      this.state = wire(outs) as unknown as Outputs;
      this.inputs = wire(defined({ ...inputs, headroom }));
      const isLooked = kind !== "update" || session.run.of(URN).seen !== undefined;
      return { foreseen: wire(foreseen), headroom, after: this.state, kind, isLooked };
    } catch (error) {
      // The guest, or libvirt, refuses.
      this.hasFailed = true;
      if (!(error instanceof PartialError || error instanceof Error)) throw error;
      return undefined;
    }
  }
}

const HIDDEN = /^__/;
/** The outcome of the run, which is over after it. */
const OF_THE_RUN = ["change", "memoryChange"];

/** Expects every known value to be what the outputs have: also that a foreseen absence is one. */
export function expectForeseen(foreseen: unknown, after: unknown, path = ""): void {
  if (foreseen === UNKNOWN) return;
  if (Array.isArray(foreseen) && Array.isArray(after)) {
    expect(foreseen.length, path).toBe(after.length);
    foreseen.forEach((value, index) => {
      expectForeseen(value, after[index], `${path}[${index}]`);
    });
  } else if (isObject(foreseen) && isObject(after)) {
    for (const key of new Set([...Object.keys(foreseen), ...Object.keys(after)]))
      if (!(path === "" && (HIDDEN.test(key) || OF_THE_RUN.includes(key))))
        expectForeseen(foreseen[key], after[key], `${path}.${key}`);
  } else expect(foreseen, path).toEqual(after);
}

/** Expects what check foresees of the room to grow to be what the outputs have, and the slots those of the domain itself. */
export function expectHeadroom({ headroom = {}, after }: Foreseen, host: FakeHypervisor): void {
  const { slots, memory, vcpus, running } = headroom;
  if (memory !== undefined) expect(memory).toEqual(after.reachable);
  if (vcpus !== undefined) expect(vcpus).toEqual(after.reachableVcpus ?? []);
  if (slots !== undefined) expect(slots).toBe(freeSlotsOf(host, after));
  if (memory !== undefined) expect(running).toBe(after.state === "shutoff" ? false : undefined);
}

/** An off domain gets those of the arguments when it is started. */
function freeSlotsOf(host: FakeHypervisor, { memorySlots }: Outputs): number {
  const { live, inactive } = host.only;
  const dimms = (live ?? inactive ?? "").match(/<memory model=.dimm./g)?.length ?? 0;
  const started = live?.match(/<maxMemory slots=.(\d+)/)?.[1] ?? 0;
  return Math.max(0, (live === undefined ? memorySlots : Number(started)) - dimms);
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The program of the tests, before a change. */
export const base = { memory: "1GiB", maxMemory: "8GiB", uri: URI };
