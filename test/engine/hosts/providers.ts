import { providerReference, type Resource } from "../stack/resource.ts";
import { isProviderType } from "../stack/urn.ts";
import { UNKNOWN } from "../stack/values.ts";
import type { ProviderServer } from "./hosts.ts";
import { ProviderHost } from "./provider-host.ts";

/** The provider hosts of one operation: one for each provider resource in use, configured from its inputs. */
export class Providers {
  private readonly hosts = new Map<string, ProviderHost>();
  private readonly start: () => ProviderServer;
  private readonly recorded: () => Resource[];

  /** `recorded` gives the provider resources of the state, for resources that the program did not register yet. */
  constructor(start: () => ProviderServer, recorded: () => Resource[]) {
    this.start = start;
    this.recorded = recorded;
  }

  load(provider: Resource): void {
    const reference = providerReference(provider);
    if (this.hosts.has(reference)) return;
    const id = provider.id === "" ? UNKNOWN : provider.id;
    this.hosts.set(reference, new ProviderHost(this.start(), { resource: provider, id }));
  }

  /** A provider that this run did not register is configured as the state recorded it. */
  of(resource: Resource): ProviderHost {
    const loaded = this.hosts.get(resource.provider);
    if (loaded) return loaded;
    const recorded = this.recorded().find(
      (known) => isProviderType(known.type) && providerReference(known) === resource.provider,
    );
    if (recorded) this.load(recorded);
    const host = this.hosts.get(resource.provider);
    if (!host)
      throw new Error(`${resource.urn} needs provider "${resource.provider}", which the state does not have`);
    return host;
  }

  async cancel(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.cancel()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.close()));
  }
}
