import { readDomain } from "../../provider/domain/read.ts";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import { ConnectionError, ErrorCode, type LibvirtError } from "../../provider/libvirt/errors.ts";
import type { DomainEvent, DomainRef, PowerState } from "../../provider/libvirt/hypervisor.ts";
import { validateMemory, withAliases, withBalloon, withCurrent } from "./fake-domain-xml.ts";
import { FakeHost } from "./fake-host.ts";
import { libvirtError } from "./libvirt-error.ts";

export interface FakeDomain {
  name: string;
  uuid: string;
  power: PowerState;
  /** libvirt's number of the reason. */
  reason?: number;
  /** A job holds it. */
  hasJob?: boolean;
  /** The definition in its managed save image, and whether the guest was paused when it was saved. */
  saved?: { xml: string; isPaused?: boolean };
  autostart: boolean;
  /** libvirt's number of this start of it. */
  id?: number;
  /** The inactive definition; undefined for a transient domain. */
  inactive?: string;
  live?: string;
}

/** When a connection dies: at which call, counted from 1, and whether libvirt still carried that one out. */
interface Death {
  call: number;
  carriedOut: boolean;
}

/** The domains of the fake host, with their definitions and power states, and how calls about them are answered. */
export abstract class FakeDomains extends FakeHost {
  readonly uri = "qemu:///fake";
  /** The names of all calls, in order. */
  readonly calls: string[] = [];
  /** The domains that they were about. */
  readonly about: string[] = [];
  readonly domains = new Map<string, FakeDomain>();
  death: Death | undefined;
  /** Domains for which no call is ever answered. */
  readonly sick = new Set<string>();
  /** What libvirt refuses, by the name of the call, or by that and the domain's UUID. */
  readonly refuses = new Map<string, LibvirtError>();
  /** Every undefine that libvirt did. */
  readonly undefined: { uuid: string; keepsFiles?: boolean }[] = [];
  /** Why libvirt doesn't start a transient domain. */
  refusesTransient: ((xml: string) => LibvirtError | undefined) | undefined;
  /** Why libvirt doesn't define a domain. */
  refusesDefine: ((xml: string) => LibvirtError | undefined) | undefined;
  guestObeysShutdown = true;
  /** What happens when a wait has ended. */
  onUnsubscribe: (() => void) | undefined;
  protected vcpuRemovalBegun = false;
  /** The guest has a driver for its balloon, which does at once what it is told. */
  guestObeysBalloon = true;
  /** What the guest can't give back of a virtio-mem device, and the most that it takes of one, in KiB. */
  virtioMem = { least: 0, most: 2 ** 40 };
  private starts = 0;
  private readonly listeners = new Set<{ uuid: string; listener: (event: DomainEvent) => void }>();

  findByName(name: string): Promise<DomainRef | undefined> {
    return this.answer("findByName", name, () =>
      ref([...this.domains.values()].find((one) => one.name === name)),
    );
  }

  findByUuid(uuid: string): Promise<DomainRef | undefined> {
    return this.answer("findByUuid", uuid, () => ref(this.domains.get(uuid)));
  }

  list(): Promise<DomainRef[]> {
    return this.answer("list", "", () => [...this.domains.values()].flatMap((one) => ref(one) ?? []));
  }

  state({ uuid }: DomainRef): Promise<{ power: PowerState; reason: number }> {
    return this.answer("state", uuid, () => {
      const { power, reason = 1 } = this.domain(uuid);
      return { power, reason };
    });
  }

  isActive({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("isActive", uuid, () => this.domain(uuid).live !== undefined);
  }

  hasJob({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("hasJob", uuid, () => this.domain(uuid).hasJob === true);
  }

  hasManagedSave({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("hasManagedSave", uuid, () => this.domain(uuid).saved !== undefined);
  }

  managedSaveXml({ uuid }: DomainRef): Promise<string> {
    return this.answer("managedSaveXml", uuid, () => this.savedOf(uuid).xml);
  }

  removeManagedSave({ uuid }: DomainRef): Promise<void> {
    return this.answer("removeManagedSave", uuid, () => {
      this.savedOf(uuid);
      this.forgetSaved(uuid);
    });
  }

  xml({ uuid }: DomainRef, options: { inactive: boolean; secure?: boolean }): Promise<string> {
    return this.answer("xml", uuid, () => {
      const { inactive, live, id = 1 } = this.domain(uuid);
      const running = live?.replace("<domain", `<domain id='${id}'`);
      const xml = options.inactive ? (inactive ?? live) : (running ?? inactive);
      return (options.secure ? xml : xml?.replace(/ passwd='[^']*'/g, "")) ?? "";
    });
  }

  isPersistent({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("isPersistent", uuid, () => this.domain(uuid).inactive !== undefined);
  }

  define(xml: string): Promise<DomainRef> {
    const { name, uuid } = readDomain(xml);
    return this.answer("define", uuid, () => {
      const refusal = this.refusesDefine?.(xml);
      if (refusal !== undefined) throw refusal;
      const named = [...this.domains.values()].find((one) => one.name === name);
      if (named !== undefined && named.uuid !== uuid)
        throw libvirtError(
          ErrorCode.OPERATION_FAILED,
          `domain '${name}' already exists with uuid ${named.uuid}`,
        );
      validateMemory(xml);
      const known = this.domains.get(uuid) ?? { name, uuid, power: "shutoff", autostart: false };
      this.domains.set(uuid, { ...known, name, inactive: xml });
      return this.refTo(uuid);
    });
  }

  undefine({ uuid }: DomainRef, options: { keepsFiles?: boolean } = {}): Promise<void> {
    return this.answer("undefine", uuid, () => {
      this.undefined.push({ uuid, ...options });
      const { inactive: _, ...rest } = this.domain(uuid);
      if (rest.live === undefined) this.domains.delete(uuid);
      else this.domains.set(uuid, rest);
    });
  }

  createTransient(xml: string): Promise<DomainRef> {
    return this.answer("createTransient", "", () => {
      const files = [...xml.matchAll(/<source file='([^']*)'/g)].map(([, file = ""]) => file);
      const nowhere = files.find((file) => file.startsWith("/nonexistent/"));
      const missing = files.findLast((file) => this.missing.has(`file ${file}`)) ?? nowhere;
      if (missing !== undefined)
        throw libvirtError(
          ErrorCode.SYSTEM_ERROR,
          `Cannot access storage file '${missing}': No such file or directory`,
          2,
        );
      const refusal = this.refusesTransient?.(xml);
      if (refusal !== undefined) throw refusal;
      const { name, uuid } = readDomain(xml);
      this.domains.set(uuid, { name, uuid, power: "paused", autostart: false, live: xml });
      return this.refTo(uuid);
    });
  }

  start({ uuid }: DomainRef): Promise<DomainRef> {
    return this.answer("start", uuid, () => {
      const domain = this.domain(uuid);
      if (domain.live !== undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is already running");
      if (domain.saved === undefined) this.boot(uuid);
      else this.restore(uuid);
      return this.refTo(uuid);
    });
  }

  shutdown({ uuid }: DomainRef): Promise<void> {
    return this.answer("shutdown", uuid, () => {
      if (this.domain(uuid).live === undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
      if (NOT_RUNNING.includes(this.domain(uuid).power))
        throw libvirtError(
          ErrorCode.OPERATION_INVALID,
          "Requested operation is not valid: domain is not running",
        );
      if (this.guestObeysShutdown) this.turnOff(uuid);
    });
  }

  destroy({ uuid }: DomainRef): Promise<void> {
    return this.answer("destroy", uuid, () => {
      if (this.domain(uuid).live === undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
      this.turnOff(uuid);
    });
  }

  suspend({ uuid }: DomainRef): Promise<void> {
    return this.answer("suspend", uuid, () => this.change(uuid, { power: "paused", reason: 1 }));
  }

  resume({ uuid }: DomainRef): Promise<void> {
    return this.answer("resume", uuid, () => this.change(uuid, { power: "running", reason: 5 }));
  }

  wake({ uuid }: DomainRef): Promise<void> {
    return this.answer("wake", uuid, () => {
      if (this.domain(uuid).power !== "pmsuspended")
        throw libvirtError(ErrorCode.OPERATION_INVALID, "Unable to wake up domain in not-suspended state");
      this.change(uuid, { power: "running", reason: 8 });
      this.tell(uuid, { kind: "lifecycle", uuid, event: 4, detail: 0 });
    });
  }

  autostart({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("autostart", uuid, () => this.domain(uuid).autostart);
  }

  setAutostart({ uuid }: DomainRef, on: boolean): Promise<void> {
    return this.answer("setAutostart", uuid, () => this.change(uuid, { autostart: on }));
  }

  subscribe(domain: DomainRef, listener: (event: DomainEvent) => void): Promise<() => Promise<void>> {
    return this.answer("subscribe", domain.uuid, () => {
      const entry = { uuid: domain.uuid, listener };
      this.listeners.add(entry);
      return async () => {
        this.listeners.delete(entry);
        this.onUnsubscribe?.();
      };
    });
  }

  async close(): Promise<void> {}

  get subscriptions(): number {
    return this.listeners.size;
  }

  /** The only domain there is. */
  get only(): FakeDomain {
    const [domain, ...others] = this.domains.values();
    if (domain === undefined || others.length > 0) throw new Error(`there are ${this.domains.size} domains`);
    return domain;
  }

  /** What somebody else does beside Pulumi: no call of ours. */
  change(uuid: string, change: Partial<FakeDomain>): void {
    this.domains.set(uuid, { ...this.domain(uuid), ...change });
  }

  boot(uuid: string): void {
    const { inactive } = this.domain(uuid);
    if (inactive === undefined) return;
    this.starts += 1;
    const { memory } = readDomain(inactive);
    const booted = this.guestObeysBalloon ? inactive : withBalloon(inactive, memory);
    const live = withAliases(withCurrent(booted, (device) => this.takes(device, 0)));
    this.vcpuRemovalBegun = false;
    this.change(uuid, { live, power: "running", reason: 1, id: this.starts });
  }

  /** `virsh managedsave`. */
  save(uuid: string): void {
    const { live, power } = this.domain(uuid);
    if (live === undefined) throw new Error("only a running domain is saved");
    this.turnOff(uuid);
    this.change(uuid, { saved: { xml: live, isPaused: power === "paused" }, reason: 5 });
  }

  private savedOf(uuid: string): { xml: string; isPaused?: boolean } {
    const { saved } = this.domain(uuid);
    if (saved === undefined)
      throw libvirtError(ErrorCode.OPERATION_INVALID, "domain does not have managed save image");
    return saved;
  }

  private forgetSaved(uuid: string): void {
    const { saved: _, ...rest } = this.domain(uuid);
    this.domains.set(uuid, rest);
  }

  /** The image has its own definition, and is gone then. A guest that was paused stays so: paused (migrating), libvirt 9.0. */
  private restore(uuid: string): void {
    const { xml, isPaused } = this.savedOf(uuid);
    this.forgetSaved(uuid);
    this.starts += 1;
    const power = isPaused === true ? ({ power: "paused", reason: 2 } as const) : RESTORED;
    this.change(uuid, { live: xml, id: this.starts, ...power });
  }

  turnOff(uuid: string): void {
    const { live: _, ...rest } = this.domain(uuid);
    if (rest.inactive === undefined) this.domains.delete(uuid);
    else this.domains.set(uuid, { ...rest, power: "shutoff", reason: 1 });
    this.tell(uuid, { kind: "lifecycle", uuid, event: 5, detail: 0 });
  }

  /** An event of a domain, to all who subscribed to it. */
  tell(uuid: string, event: DomainEvent): void {
    for (const one of this.listeners) if (one.uuid === uuid) one.listener(event);
  }

  protected takes({ requested = 0 }: MemoryDevice, before: number): number {
    const { least, most } = this.virtioMem;
    return requested > before
      ? Math.max(before, Math.min(requested, most))
      : Math.min(before, Math.max(requested, least));
  }

  /** A call that libvirt refuses, for a test that decides it by more than the call's name. */
  failed(call: string, error: LibvirtError): Promise<never> {
    return this.answer(call, "", () => {
      throw error;
    });
  }

  protected xmlsOf(uuid: string): { live?: string; inactive?: string } {
    return this.domain(uuid);
  }

  protected async answer<T>(call: string, about: string, work: () => T): Promise<T> {
    const count = this.calls.push(call);
    this.about.push(about);
    if (this.sick.has(about)) await new Promise<never>(() => {});
    // An answer comes later than what else is ready to run.
    await new Promise((resolve) => setImmediate(resolve));
    const { death } = this;
    const dead = new ConnectionError("the connection to qemu:///fake is gone");
    if (death !== undefined && (count > death.call || (count === death.call && !death.carriedOut)))
      throw dead;
    const refusal = this.refuses.get(call) ?? this.refuses.get(`${call} ${about}`);
    if (refusal !== undefined) throw refusal;
    const result = work();
    if (death !== undefined && count === death.call) throw dead;
    return result;
  }

  protected domain(uuid: string): FakeDomain {
    const domain = this.domains.get(uuid);
    if (domain === undefined)
      throw libvirtError(ErrorCode.NO_DOMAIN, `Domain not found: no domain with matching uuid '${uuid}'`);
    return domain;
  }

  refTo(uuid: string): DomainRef {
    const { name, live, id = 1 } = this.domain(uuid);
    return { name, uuid, id: live === undefined ? -1 : id };
  }
}

function ref(domain: FakeDomain | undefined): DomainRef | undefined {
  return (
    domain && { name: domain.name, uuid: domain.uuid, id: domain.live === undefined ? -1 : (domain.id ?? 1) }
  );
}

/** The states in which libvirt refuses to ask the guest to shut down. */
const NOT_RUNNING: readonly PowerState[] = ["paused", "pmsuspended", "crashed", "shutdown"];

const RESTORED = { power: "running", reason: 3 } as const;
