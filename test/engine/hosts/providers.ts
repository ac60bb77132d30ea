import { providerReference, type Resource } from "../stack/resource.ts";
import { DYNAMIC_PACKAGE, isProviderType, packageOf } from "../stack/urn.ts";
import { UNKNOWN } from "../stack/values.ts";
import type { Checks, ProviderHost } from "./provider-host.ts";

/** The provider hosts of one operation: one for each provider resource in use, configured from its inputs. */
export class Providers {
  private readonly hosts = new Map<string, ProviderHost>();
  /** By URN of the provider resource: hosts that have checked its inputs, and aren't configured yet. */
  private readonly checking = new Map<string, ProviderHost>();
  private readonly all: ProviderHost[] = [];
  private readonly start: (ofPackage: string) => ProviderHost;
  private readonly recorded: () => Resource[];

  /** `recorded` gives the provider resources of the state, for resources that the program did not register yet. */
  constructor(start: (ofPackage: string) => ProviderHost, recorded: () => Resource[]) {
    this.start = start;
    this.recorded = recorded;
  }

  private started(type: string): ProviderHost {
    const host = this.start(packageOf(type));
    this.all.push(host);
    return host;
  }

  /** Who checks the configuration in a provider resource: nobody where dynamic providers get it, for they can't. */
  configurationOf({ urn, type }: Resource): Checks | undefined {
    if (packageOf(type) === DYNAMIC_PACKAGE) return undefined;
    const host = this.checking.get(urn) ?? this.started(type);
    this.checking.set(urn, host);
    return host.config;
  }

  /** The provider that this provider resource is, configured by its inputs. */
  load(provider: Resource): void {
    if (!this.hosts.has(providerReference(provider))) this.reload(provider);
  }

  /** The same where its inputs have changed. */
  reload(provider: Resource): void {
    const host = this.checking.get(provider.urn) ?? this.started(provider.type);
    this.checking.delete(provider.urn);
    this.hosts.set(providerReference(provider), host);
    host.configure(provider, provider.id === "" ? UNKNOWN : provider.id);
  }

  /** A provider that this run did not register is configured as the state recorded it. */
  of(resource: Resource): ProviderHost {
    const loaded = this.hosts.get(resource.provider);
    if (loaded) return loaded;
    const recorded = this.recordedProvider(resource.provider);
    if (recorded) this.load(recorded);
    const host = this.hosts.get(resource.provider);
    if (!host)
      throw new Error(`${resource.urn} needs provider "${resource.provider}", which the state does not have`);
    return host;
  }

  recordedProvider(reference: string): Resource | undefined {
    return this.recorded().find(
      (known) => isProviderType(known.type) && providerReference(known) === reference,
    );
  }

  async cancel(): Promise<void> {
    await Promise.all(this.all.map((host) => host.cancel()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((host) => host.close()));
  }
}
