import { readDomain } from "../../provider/domain/read.ts";
import type { DomainState } from "../../provider/domain/state.ts";
import { type BlocksOfDevice, blocksOf } from "../../provider/guest/blocks.ts";
import type { AgentCommand } from "../../provider/libvirt/hypervisor.ts";
import { memoryView } from "../../provider/plan/observed.ts";
import type { FakeClock } from "./fake-clock.ts";
import { MIB } from "./fake-guest.ts";
import type { FakeHypervisor } from "./fake-hypervisor.ts";

/** The driver reports to QEMU this often: what a domain of ours has in `<stats period>`. */
const PERIOD_MS = 2_000;

/** The first block of a virtio-mem device, whose address libvirt 9.0 doesn't report: at 8 GiB. */
const VIRTIO_MEM_FROM = 64;

/** How the guest agent answers: not at all, normally, or with an error in its own words. */
type AgentState = "off" | "on" | { error: string };

/**
 * A Linux guest of a fake hypervisor's only domain: memory blocks of 128 MiB at the addresses of the domain's DIMMs, an
 * agent, and a balloon driver whose report is as old as its last period.
 */
export class SimulatedLinux {
  readonly block = 128 * MIB;
  /** What its kernel keeps for itself at boot, which MemTotal doesn't count. */
  reserved = 100 * MIB + 12;
  /** `memhp_default_state`. */
  onlinesItself = true;
  agent: AgentState = "on";
  balloonReports = true;
  /** Blocks that it can't bring online. */
  readonly stuck = new Set<number>();
  /** Blocks that somebody in the guest keeps offline. */
  readonly keptOffline = new Set<number>();
  /** What the guest's programs use. */
  used = 0;
  /** Like a udev rule: new vCPUs come online by themselves. */
  onlinesVcpus = false;
  /** vCPUs that it can't bring online. */
  readonly stuckVcpus = new Set<number>();
  /** vCPUs that it has ejected although libvirt still has them. */
  readonly ejectedVcpus = new Set<number>();
  readonly #vcpus = new Map<number, boolean>();
  readonly #host: FakeHypervisor;
  readonly #clock: FakeClock;
  readonly #online = new Map<number, boolean>();
  #slot = -1;
  /** Reading a domain takes longer than all else here. */
  #read: { xml: string; domain: DomainState } | undefined;
  #report: { available: number; usable: number; lastUpdate: number } | undefined;

  constructor(host: FakeHypervisor, clock: FakeClock) {
    this.#host = host;
    this.#clock = clock;
    host.placesDimms = true;
    host.agent = (command) => this.#answer(command);
    const reported = (get: () => number | undefined) => ({ enumerable: true, get });
    host.balloon = Object.defineProperties(
      {},
      {
        available: reported(() => this.#statistics()?.available),
        usable: reported(() => this.#statistics()?.usable),
        lastUpdate: reported(() => this.#statistics()?.lastUpdate ?? 0),
      },
    );
    this.reset();
    this.#statistics();
  }

  /** The guest boots: every block is as the kernel's default state leaves it. libvirt's id of the domain stays. */
  reset(): void {
    this.#online.clear();
    this.#vcpus.clear();
    this.ejectedVcpus.clear();
    this.follow();
    this.connect();
  }

  /** Opens or closes the agent's channel. */
  connect(): void {
    const { uuid, live } = this.#host.only;
    if (live === undefined) return;
    const state = this.agent === "off" ? "disconnected" : "connected";
    this.#host.change(uuid, {
      live: live.replace(
        /(name=.org\.qemu\.guest_agent\.0.)( state='[a-z]+')?/,
        (_, name) => `${name} state='${state}'`,
      ),
    });
  }

  /** The agent starts, stops, or answers with errors from now on. */
  setAgent(agent: AgentState): void {
    this.agent = agent;
    this.connect();
  }

  /** Blocks of new devices appear, those of removed ones are gone. A paused guest does nothing. */
  follow(): void {
    if (this.#host.only.power !== "running" || this.#host.only.live === undefined) return;
    this.#followVcpus();
    const boot = this.#bootBlocks();
    const dimms = this.#dimmBlocks();
    for (const block of [...boot, ...dimms])
      if (!this.#online.has(block))
        this.#online.set(block, !this.keptOffline.has(block) && (this.onlinesItself || boot.includes(block)));
    for (const block of [...this.#online.keys()])
      if (!boot.includes(block) && !dimms.includes(block)) this.#online.delete(block);
  }

  /** A Linux guest leaves a vCPU offline that arrives after its boot. */
  #followVcpus(): void {
    const { vcpus, currentVcpus = vcpus } = this.#domain();
    const isBoot = this.#vcpus.size === 0;
    for (let vcpu = 0; vcpu < currentVcpus; vcpu++)
      if (!this.#vcpus.has(vcpu)) this.#vcpus.set(vcpu, isBoot || this.onlinesVcpus);
    for (const vcpu of this.#vcpus.keys())
      if (vcpu >= currentVcpus || this.ejectedVcpus.has(vcpu)) this.#vcpus.delete(vcpu);
  }

  get onlineVcpus(): number[] {
    this.follow();
    return [...this.#vcpus].flatMap(([vcpu, online]) => (online ? vcpu : []));
  }

  /** Somebody in the guest brings a vCPU online or takes it offline. */
  setVcpu(vcpu: number, online: boolean): void {
    this.#vcpus.set(vcpu, online);
  }

  /** Somebody in the guest brings blocks online or takes them offline. */
  set(blocks: number[], online: boolean): void {
    for (const block of blocks) this.#online.set(block, online);
  }

  get offline(): number[] {
    this.follow();
    return [...this.#online].flatMap(([block, online]) => (online ? [] : block));
  }

  /** The memory of its online blocks. */
  get memory(): number {
    this.follow();
    return [...this.#online.values()].filter(Boolean).length * this.block;
  }

  /** Of each DIMM. */
  get dimms(): (BlocksOfDevice | undefined)[] {
    const online = [...this.#online].filter(([, one]) => one).map(([block]) => block);
    const guest = { block: this.block, online, offline: this.offline };
    return this.#domain().devices.map((device) => blocksOf(device, guest));
  }

  #domain(): DomainState {
    const { live = "" } = this.#host.only;
    if (this.#read?.xml !== live) this.#read = { xml: live, domain: readDomain(live) };
    return this.#read.domain;
  }

  #bootBlocks(): number[] {
    const { memory, devices } = this.#domain();
    const boot = memory - devices.reduce((total, { size }) => total + size, 0);
    return Array.from({ length: Math.floor(boot / this.block) }, (_, index) => index);
  }

  #dimmBlocks(): number[] {
    const bytes = BigInt(this.block) * 1024n;
    return this.#domain().devices.flatMap(({ base, size, model, current = 0 }) => {
      if (model === "virtio-mem")
        return Array.from({ length: current / this.block }, (_, index) => VIRTIO_MEM_FROM + index);
      if (model !== "dimm" || base === undefined || BigInt(base) % bytes !== 0n) return [];
      const first = Number(BigInt(base) / bytes);
      return Array.from({ length: Math.floor(size / this.block) }, (_, index) => first + index);
    });
  }

  #answer({ execute, arguments: args }: AgentCommand): unknown {
    this.follow();
    if (typeof this.agent === "object") {
      const { error } = this.agent;
      if (execute !== "guest-fsfreeze-status") throw new Error(error);
      return error.includes("frozen") ? "frozen" : "thawed";
    }
    if (this.agent === "off") throw new Error("QEMU guest agent is not connected");
    if (execute === "guest-get-memory-block-info") return { size: this.block * 1024 };
    if (execute === "guest-get-memory-blocks")
      return [...this.#online].map(([block, online]) => ({ "phys-index": block, online }));
    if (execute === "guest-get-vcpus")
      return [...this.#vcpus].map(([vcpu, online]) => ({
        "logical-id": vcpu,
        online,
        "can-offline": vcpu > 0,
      }));
    if (execute === "guest-set-vcpus") {
      const { vcpus } = args as { vcpus: { "logical-id": number; online: boolean }[] };
      const able = vcpus.findIndex((vcpu) => this.stuckVcpus.has(vcpu["logical-id"]));
      const done = able === -1 ? vcpus : vcpus.slice(0, able);
      if (done.length === 0) throw new Error("failed to set the first vCPU");
      for (const { "logical-id": vcpu, online } of done) this.#vcpus.set(vcpu, online);
      return done.length;
    }
    const { "mem-blks": changes } = args as { "mem-blks": { "phys-index": number; online: boolean }[] };
    return changes.map(({ "phys-index": block, online }) => {
      if (this.stuck.has(block))
        return { "phys-index": block, response: "operation-failed", "error-code": 12 };
      this.#online.set(block, online);
      return { "phys-index": block, response: "success" };
    });
  }

  /** The balloon's own size lowers MemTotal. */
  #statistics(): { available: number; usable: number; lastUpdate: number } | undefined {
    if (!this.balloonReports || this.#host.only.live === undefined) return undefined;
    const slot = Math.floor(this.#clock.now() / PERIOD_MS);
    if (slot !== this.#slot && this.#host.only.power === "running") {
      this.#slot = slot;
      const { memory, currentMemory } = memoryView(this.#domain());
      const available = this.memory - this.reserved - (memory - currentMemory);
      this.#report = { available, usable: available - this.used, lastUpdate: 1_700_000_000 + 2 * slot };
    }
    return this.#report;
  }
}
