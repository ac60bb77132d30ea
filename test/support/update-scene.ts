import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import type { DomainRef } from "../../provider/libvirt/hypervisor.ts";
import { type Observation, observe } from "../../provider/observe/observe.ts";
import type { Outputs } from "../../provider/outputs.ts";
import { noChange, type Step } from "../../provider/plan/plan.ts";
import { Session } from "../../provider/session.ts";
import type { UpdateContext } from "../../provider/update/context.ts";
import { runStep } from "../../provider/update/run-step.ts";
import { runUpdate } from "../../provider/update/run-update.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeHypervisor } from "./fake-hypervisor.ts";

export const UUID = "11111111-2222-3333-4444-555555555555";

/** The domain web-1, which runs, and updates of it. */
export class UpdateScene {
  readonly host = new FakeHypervisor();
  readonly clock = new FakeClock();
  readonly domain: DomainRef = { name: "web-1", uuid: UUID, id: 1 };
  readonly statuses: string[] = [];
  readonly messages: string[] = [];
  /** DIMMs that the guest was asked to release and has not answered about, over all steps. */
  readonly unanswered = new Set<string>();
  before: Inputs;
  news: Inputs;

  constructor(xml: string) {
    this.host.domains.set(UUID, {
      name: "web-1",
      uuid: UUID,
      power: "running",
      autostart: false,
      inactive: xml,
      live: xml,
    });
    const memory = { memory: "1003MiB", maxMemory: "8192MiB", memorySlots: 16 };
    this.before = { __urn: "urn", name: "web-1", uuid: UUID, ...memory };
    this.news = this.before;
  }

  /** Carries a step out as the next run does, which has just read the domain. */
  async run(step: Step): Promise<Observation> {
    const now = await observe(this.host, this.domain);
    const progress = { done: [], now, isReadBack: false, unanswered: this.unanswered, isGuestAwaited: false };
    return runStep(step, this.#context([step], now), progress);
  }

  /** Carries out a whole update. */
  async update(...steps: Step[]): Promise<Outputs> {
    return runUpdate(this.#context(steps, await observe(this.host, this.domain)));
  }

  count(call: string): number {
    return this.host.calls.filter((name) => name === call).length;
  }

  #context(steps: Step[], observation: Observation): UpdateContext {
    const { host, domain, before, news } = this;
    const session = new Session({
      connect: async () => host,
      log: {
        status: async (_, text) => void this.statuses.push(text),
        message: async (_, __, text) => void this.messages.push(text),
      },
      environment: {},
      clock: this.clock,
    });
    session.configuration = { defaults: DEFAULTS };
    const plan = { ...noChange(), steps, settings: [] };
    return {
      session,
      hypervisor: host,
      domain,
      uri: host.uri,
      before,
      news,
      observation,
      plan,
      adopted: false,
    };
  }
}
