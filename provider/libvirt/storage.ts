import { ErrorCode } from "./errors.ts";
import type { DomainRef } from "./hypervisor.ts";
import { found } from "./lookup.ts";
import type { LibvirtSession } from "./session.ts";
import { storageProcedures } from "./storage-procedures.ts";

/** How libvirt's protocol identifies a storage pool. */
export interface PoolRef {
  name: string;
  uuid: string;
}

/** How libvirt's protocol identifies a volume of a storage pool. */
export interface VolumeRef {
  /** The name of its pool. */
  pool: string;
  name: string;
  /** Of a file: its path. */
  key: string;
}

/** The size of a disk of a domain, in bytes. */
export interface BlockInfo {
  /** What the guest sees. */
  capacity: number;
  /** What its image uses on the host. */
  allocation: number;
}

/**
 * What the provider needs of libvirt's storage. Look-ups return undefined only where libvirt has no pool or volume of that name or
 * path (codes 49 and 50).
 */
export interface HostStorage {
  findPool(name: string): Promise<PoolRef | undefined>;
  /** The active or defined pool whose `<target><path>` this is (virStoragePoolLookupByTargetPath, libvirt 4.1). */
  findPoolByTargetPath(path: string): Promise<PoolRef | undefined>;
  /** Starts a pool without a persistent definition; it ends with `destroyPool` or with the daemon. */
  createPool(xml: string): Promise<PoolRef>;
  /** Has libvirt look at the pool's files again: it doesn't see what others put there. */
  refreshPool(pool: PoolRef): Promise<void>;
  /** Stops a pool. Its files stay. */
  destroyPool(pool: PoolRef): Promise<void>;
  findVolume(pool: PoolRef, name: string): Promise<VolumeRef | undefined>;
  /** A file that was a volume of an active pool at that pool's last refresh. */
  findVolumeByPath(path: string): Promise<VolumeRef | undefined>;
  /** Refused where a file of that name is there. */
  createVolume(pool: PoolRef, xml: string): Promise<VolumeRef>;
  volumeXml(volume: VolumeRef): Promise<string>;
  /** Sets the capacity of a volume that no running domain uses; libvirt refuses a smaller one. */
  resizeVolume(volume: VolumeRef, bytes: number): Promise<void>;
  deleteVolume(volume: VolumeRef): Promise<void>;
  /** @param disk the disk's `<target dev>`, or the path of its image; libvirt refuses one that the domain doesn't have (code 8) */
  blockInfo(domain: DomainRef, disk: string): Promise<BlockInfo>;
  /** Sets the capacity of a disk of a running domain. It shrinks the disk as well, without an error. */
  blockResize(domain: DomainRef, disk: string, bytes: number): Promise<void>;
}

/** VIR_DOMAIN_BLOCK_RESIZE_BYTES: the size is in bytes, not in KiB. */
const IN_BYTES = 1;

export class RpcStorage implements HostStorage {
  protected readonly calls: LibvirtSession;

  constructor(calls: LibvirtSession) {
    this.calls = calls;
  }

  async findPool(name: string): Promise<PoolRef | undefined> {
    const looked = this.calls.call(storageProcedures.lookupPool, { name });
    return (await found(looked, ErrorCode.NO_STORAGE_POOL))?.pool;
  }

  async findPoolByTargetPath(path: string): Promise<PoolRef | undefined> {
    const looked = this.calls.call(storageProcedures.lookupPoolByTargetPath, { path });
    return (await found(looked, ErrorCode.NO_STORAGE_POOL))?.pool;
  }

  async createPool(xml: string): Promise<PoolRef> {
    return (await this.calls.call(storageProcedures.createPool, { xml, flags: 0 })).pool;
  }

  async refreshPool(pool: PoolRef): Promise<void> {
    await this.calls.call(storageProcedures.refreshPool, { pool, flags: 0 });
  }

  async destroyPool(pool: PoolRef): Promise<void> {
    await this.calls.call(storageProcedures.destroyPool, { pool });
  }

  async findVolume(pool: PoolRef, name: string): Promise<VolumeRef | undefined> {
    const looked = this.calls.call(storageProcedures.lookupVolume, { pool, name });
    return (await found(looked, ErrorCode.NO_STORAGE_VOL))?.volume;
  }

  async findVolumeByPath(path: string): Promise<VolumeRef | undefined> {
    const looked = this.calls.call(storageProcedures.lookupVolumeByPath, { path });
    return (await found(looked, ErrorCode.NO_STORAGE_VOL))?.volume;
  }

  async createVolume(pool: PoolRef, xml: string): Promise<VolumeRef> {
    return (await this.calls.call(storageProcedures.createVolume, { pool, xml, flags: 0 })).volume;
  }

  async volumeXml(volume: VolumeRef): Promise<string> {
    return (await this.calls.call(storageProcedures.volumeXml, { volume, flags: 0 })).xml;
  }

  async resizeVolume(volume: VolumeRef, bytes: number): Promise<void> {
    const args = { volume, capacity: BigInt(bytes), flags: 0 };
    await this.calls.call(storageProcedures.resizeVolume, args);
  }

  async deleteVolume(volume: VolumeRef): Promise<void> {
    await this.calls.call(storageProcedures.deleteVolume, { volume, flags: 0 });
  }

  async blockInfo(domain: DomainRef, disk: string): Promise<BlockInfo> {
    const args = { domain, path: disk, flags: 0 };
    const { capacity, allocation } = await this.calls.call(storageProcedures.blockInfo, args);
    return { capacity: Number(capacity), allocation: Number(allocation) };
  }

  async blockResize(domain: DomainRef, disk: string, bytes: number): Promise<void> {
    const args = { domain, disk, size: BigInt(bytes), flags: IN_BYTES };
    await this.calls.call(storageProcedures.blockResize, args);
  }
}
