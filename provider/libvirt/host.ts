import { ErrorCode, hasCode, LibvirtError } from "./errors.ts";
import { ALL_CELLS, LIST_ACTIVE_NETWORKS } from "./flags.ts";
import type { CardAddress, DomainKind, NetworkState } from "./hypervisor.ts";
import { exists } from "./lookup.ts";
import { NODE_DEVICES_MAX, procedures } from "./procedures.ts";
import { RpcStorage } from "./storage.ts";

/** The calls that concern no domain: the host's memory, abilities and networks. */
export class RpcHost extends RpcStorage {
  /** How many figures the host reports of its memory, once it was asked. */
  #memoryStats: number | undefined;

  async nodeMemory() {
    const all = { cell: ALL_CELLS, flags: 0 };
    const nparams = await this.#countOfMemoryStats();
    const { stats } = await this.calls.call(procedures.nodeMemoryStats, { nparams, ...all });
    const figure = (name: string) => Number(stats.find(({ field }) => field === name)?.value ?? 0n);
    return {
      total: figure("total"),
      free: figure("free"),
      buffers: figure("buffers"),
      cached: figure("cached"),
    };
  }

  /** With `nparams: 0` the reply has the number of figures, which is the daemon's. */
  async #countOfMemoryStats(): Promise<number> {
    const args = { cell: ALL_CELLS, flags: 0, nparams: 0 };
    this.#memoryStats ??= (await this.calls.call(procedures.nodeMemoryStats, args)).nparams;
    return this.#memoryStats;
  }

  async freePages(pageSize: number, node: number): Promise<number> {
    const args = { pages: [pageSize], startCell: node, cellCount: 1, flags: 0 };
    const { counts } = await this.calls.call(procedures.nodeFreePages, args);
    return Number(counts.reduce((sum, count) => sum + count, 0n));
  }

  async capabilities(): Promise<string> {
    return (await this.calls.call(procedures.capabilities, {})).capabilities;
  }

  async domainCapabilities({ type, arch, machine, emulator }: DomainKind): Promise<string> {
    const args = { emulator: emulator ?? null, arch, machine: machine ?? null, type, flags: 0 };
    return (await this.calls.call(procedures.domainCapabilities, args)).capabilities;
  }

  async toNative(xml: string): Promise<void> {
    await this.calls.call(procedures.toNative, { format: "qemu-argv", xml, flags: 0 });
  }

  async networkState(name: string): Promise<NetworkState> {
    try {
      const { network } = await this.calls.call(procedures.lookupNetwork, { name });
      const { active } = await this.calls.call(procedures.isNetworkActive, { network });
      return active === 0 ? "inactive" : "active";
    } catch (error) {
      if (hasCode(error, ErrorCode.NO_NETWORK)) return "missing";
      throw error;
    }
  }

  async networkBridges(): Promise<string[]> {
    const args = { needResults: 1, flags: LIST_ACTIVE_NETWORKS };
    const { networks } = await this.calls.call(procedures.listNetworks, args);
    const bridges = networks.map((network) =>
      this.calls.call(procedures.networkBridge, { network }).then(
        ({ bridge }) => [bridge],
        (error: unknown) => {
          // A network of host devices has no bridge; another one may have been stopped meanwhile.
          if (error instanceof LibvirtError) return [];
          throw error;
        },
      ),
    );
    return (await Promise.all(bridges)).flat();
  }

  async networkLeases(name: string): Promise<(CardAddress & { end: number })[]> {
    const { network } = await this.calls.call(procedures.lookupNetwork, { name });
    const args = { network, mac: null, needResults: 1, flags: 0 };
    const { leases } = await this.calls.call(procedures.networkLeases, args);
    return leases.map(({ mac, address, prefix, end }) => ({
      mac: (mac ?? "").toLowerCase(),
      address,
      prefix,
      end: Number(end),
    }));
  }

  hasInterface(name: string): Promise<boolean> {
    return exists(this.calls.call(procedures.lookupInterface, { name }), ErrorCode.NO_INTERFACE);
  }

  async nodeDevices(capability: string): Promise<string[]> {
    const args = { capability, maxNames: NODE_DEVICES_MAX, flags: 0 };
    return (await this.calls.call(procedures.nodeDevices, args)).names;
  }

  async version(): Promise<number> {
    return Number((await this.calls.call(procedures.libVersion, {})).version);
  }
}
