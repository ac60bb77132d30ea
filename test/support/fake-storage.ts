import { posix } from "node:path";
import { parseXml } from "../../provider/domain/parse.ts";
import { attribute, children, find, textOf } from "../../provider/domain/tree.ts";
import { ErrorCode, type LibvirtError } from "../../provider/libvirt/errors.ts";
import type { DomainRef } from "../../provider/libvirt/hypervisor.ts";
import type { BlockInfo, HostStorage, PoolRef, VolumeRef } from "../../provider/libvirt/storage.ts";
import { libvirtError } from "./libvirt-error.ts";

/** A disk image on the fake host. */
export interface FakeImage {
  format: string;
  /** In bytes. */
  capacity: number;
}

export interface FakePool extends PoolRef {
  path: string;
  isActive: boolean;
  /** False: it was started without a definition. */
  isDefined: boolean;
  /** The paths that it knows since its last refresh. */
  seen: Set<string>;
}

const GIB = 2 ** 30;

/**
 * The storage of the fake host, with libvirt's own refusals (measured on 9.0). A file that no test names is there, with 10 GiB in
 * the format of its extension, except where `missing` has `file <path>`.
 */
export abstract class FakeStorage implements HostStorage {
  /** What the host doesn't have: `file <path>`, `network <name>`, `interface <name>`, `pool <name>`, `volume <pool>/<name>`. */
  readonly missing = new Set<string>();
  readonly images = new Map<string, FakeImage>();
  readonly pools = new Map<string, FakePool>();
  /** What happens in the daemon right before a call, as by another client. */
  beforeCall: ((call: string) => void) | undefined;

  protected abstract answer<T>(call: string, about: string, work: () => T): Promise<T>;
  /** The XML that a domain runs with, and the one that it is started with. */
  protected abstract xmlsOf(uuid: string): { live?: string; inactive?: string };

  findPool(name: string): Promise<PoolRef | undefined> {
    return this.stored("findPool", () => {
      if (this.missing.has(`pool ${name}`)) return undefined;
      const known = this.pools.get(name);
      // A pool that no test names is there, but not one that the provider starts itself.
      if (known === undefined && name.startsWith("pulumi-")) return undefined;
      const { uuid } = known ?? this.addPool(name, `/pools/${name}`);
      return { name, uuid };
    });
  }

  findPoolByTargetPath(path: string): Promise<PoolRef | undefined> {
    return this.stored("findPoolByTargetPath", () => {
      const found = this.poolAt(path);
      return found && { name: found.name, uuid: found.uuid };
    });
  }

  createPool(xml: string): Promise<PoolRef> {
    return this.stored("createPool", () => {
      const { root } = parseXml(xml);
      const name = textOf(find(root, "name"));
      const path = textOf(find(root, "target", "path"));
      const [same, conflict] = [this.pools.get(name), this.poolAt(path)];
      if (same !== undefined)
        throw libvirtError(
          ErrorCode.OPERATION_FAILED,
          `operation failed: pool '${name}' already exists with uuid ${same.uuid}`,
        );
      if (conflict !== undefined)
        throw libvirtError(
          ErrorCode.OPERATION_FAILED,
          `operation failed: Storage source conflict with pool: '${conflict.name}'`,
        );
      if (this.missing.has(`folder ${path}`))
        throw libvirtError(
          ErrorCode.SYSTEM_ERROR,
          `cannot open directory '${path}': No such file or directory`,
          2,
        );
      const { uuid } = this.addPool(name, path, { isDefined: false });
      return { name, uuid };
    });
  }

  refreshPool({ name }: PoolRef): Promise<void> {
    return this.stored("refreshPool", () => this.see(this.active(name)));
  }

  destroyPool({ name }: PoolRef): Promise<void> {
    return this.stored("destroyPool", () => {
      const pool = this.active(name);
      if (pool.isDefined) pool.isActive = false;
      else this.pools.delete(name);
    });
  }

  findVolume({ name }: PoolRef, volume: string): Promise<VolumeRef | undefined> {
    return this.stored("findVolume", () => {
      const pool = this.active(name);
      const path = `${pool.path}/${volume}`;
      if (this.missing.has(`volume ${name}/${volume}`)) return undefined;
      this.seeUnnamed(pool, path);
      return pool.seen.has(path) ? { pool: name, name: volume, key: path } : undefined;
    });
  }

  findVolumeByPath(path: string): Promise<VolumeRef | undefined> {
    return this.stored("findVolumeByPath", () => {
      const pool = [...this.pools.values()].find(({ isActive, seen }) => isActive && seen.has(path));
      return pool && { pool: pool.name, name: path.slice(pool.path.length + 1), key: path };
    });
  }

  createVolume({ name }: PoolRef, xml: string): Promise<VolumeRef> {
    return this.stored("createVolume", () => {
      const pool = this.active(name);
      const { root } = parseXml(xml);
      const volume = textOf(find(root, "name"));
      const path = `${pool.path}/${volume}`;
      if (pool.seen.has(path))
        throw libvirtError(ErrorCode.STORAGE_VOL_EXIST, `storage volume '${volume}' exists already`);
      if (this.imageAt(path) !== undefined)
        throw libvirtError(
          ErrorCode.OPERATION_INVALID,
          `Requested operation is not valid: volume target path '${path}' already exists`,
        );
      const format = attribute(find(root, "target", "format"), "type") ?? "raw";
      this.missing.delete(`volume ${name}/${volume}`);
      this.addImage(path, { format, capacity: Number(textOf(find(root, "capacity"))) });
      pool.seen.add(path);
      return { pool: name, name: volume, key: path };
    });
  }

  volumeXml({ key }: VolumeRef): Promise<string> {
    return this.stored("volumeXml", () => {
      const { capacity, format } = this.present(key);
      return `<volume type='file'><name>${key.split("/").at(-1)}</name><key>${key}</key><capacity unit='bytes'>${capacity}</capacity><target><path>${key}</path><format type='${format}'/></target></volume>`;
    });
  }

  resizeVolume({ key }: VolumeRef, bytes: number): Promise<void> {
    return this.stored("resizeVolume", () => {
      const image = this.present(key);
      if (bytes < image.capacity)
        throw libvirtError(
          ErrorCode.INVALID_ARG,
          "invalid argument: Can't shrink capacity below current capacity unless shrink flag explicitly specified",
        );
      this.addImage(key, { ...image, capacity: bytes });
    });
  }

  deleteVolume({ pool, key }: VolumeRef): Promise<void> {
    return this.stored("deleteVolume", () => {
      this.active(pool).seen.delete(key);
      this.images.delete(key);
      this.missing.add(`file ${key}`);
    });
  }

  blockInfo({ uuid }: DomainRef, target: string): Promise<BlockInfo> {
    return this.stored("blockInfo", () => {
      const { live, inactive = "" } = this.xmlsOf(uuid);
      const path = this.sourceOf(live ?? inactive, target, live !== undefined);
      return { capacity: this.present(path).capacity, allocation: 0 };
    });
  }

  blockResize({ uuid }: DomainRef, target: string, bytes: number): Promise<void> {
    return this.stored("blockResize", () => {
      const { live } = this.xmlsOf(uuid);
      if (live === undefined)
        throw libvirtError(
          ErrorCode.OPERATION_INVALID,
          "Requested operation is not valid: domain is not running",
        );
      const path = this.sourceOf(live, target, true);
      this.addImage(path, { ...this.present(path), capacity: bytes });
    });
  }

  /** libvirt looks up the volumes of a definition that it describes or starts. */
  protected missingVolume(xml: string): LibvirtError | undefined {
    const sources = children(find(parseXml(xml).root, "devices"), "disk").map((disk) => find(disk, "source"));
    for (const source of sources) {
      const [pool, volume] = [attribute(source, "pool"), attribute(source, "volume")];
      if (pool === undefined || volume === undefined) continue;
      const path = `${this.pools.get(pool)?.path ?? `/pools/${pool}`}/${volume}`;
      if (this.missing.has(`pool ${pool}`))
        return libvirtError(
          ErrorCode.NO_STORAGE_POOL,
          `Storage pool not found: no storage pool with matching name '${pool}'`,
        );
      if (this.missing.has(`volume ${pool}/${volume}`) || this.imageAt(path) === undefined)
        return libvirtError(
          ErrorCode.NO_STORAGE_VOL,
          `Storage volume not found: no storage vol with matching name '${volume}'`,
        );
    }
    return undefined;
  }

  /** A pool that somebody else made. */
  addPool(name: string, path: string, made: { isActive?: boolean; isDefined?: boolean } = {}): FakePool {
    const uuid = `00000000-0000-4000-8000-${String(this.pools.size + 1).padStart(12, "0")}`;
    const pool = { name, uuid, path, isActive: true, isDefined: true, seen: new Set<string>(), ...made };
    this.see(pool);
    this.pools.set(name, pool);
    return pool;
  }

  /** An image that somebody else makes or changes. */
  addImage(path: string, { format = "qcow2", capacity = 10 * GIB }: Partial<FakeImage> = {}): void {
    const file = posix.normalize(path);
    this.missing.delete(`file ${file}`);
    this.images.set(file, { format, capacity });
  }

  /** Undefined where the host has no such file. */
  imageAt(path: string): FakeImage | undefined {
    const file = posix.normalize(path);
    if (this.missing.has(`file ${file}`)) return undefined;
    const format = /\.(raw|img)$/.test(path) ? "raw" : "qcow2";
    return this.images.get(file) ?? { format, capacity: 10 * GIB };
  }

  private stored<T>(call: string, work: () => T): Promise<T> {
    return this.answer(call, "", () => {
      this.beforeCall?.(call);
      return work();
    });
  }

  private present(path: string): FakeImage {
    const image = this.imageAt(path);
    if (image === undefined)
      throw libvirtError(
        ErrorCode.SYSTEM_ERROR,
        `Failed to open file '${path}': No such file or directory`,
        2,
      );
    return image;
  }

  private poolAt(path: string): FakePool | undefined {
    return [...this.pools.values()].find((pool) => pool.path === path);
  }

  private see(pool: FakePool): void {
    pool.seen = new Set([...this.images.keys()].filter((path) => folderOf(path) === pool.path));
  }

  /** A file that no test names is there as well. */
  private seeUnnamed(pool: FakePool, path: string): void {
    if (!this.images.has(path) && !this.missing.has(`file ${path}`)) pool.seen.add(path);
  }

  private active(name: string): FakePool {
    const pool = this.pools.get(name);
    if (pool === undefined)
      throw libvirtError(
        ErrorCode.NO_STORAGE_POOL,
        `Storage pool not found: no storage pool with matching uuid '…' (${name})`,
      );
    if (!pool.isActive)
      throw libvirtError(
        ErrorCode.OPERATION_INVALID,
        `Requested operation is not valid: storage pool '${name}' is not active`,
      );
    return pool;
  }

  private sourceOf(xml: string, target: string, isRunning: boolean): string {
    const disks = children(find(parseXml(xml).root, "devices"), "disk");
    const disk = disks.find(
      (one) =>
        attribute(find(one, "target"), "dev") === target || attribute(find(one, "source"), "file") === target,
    );
    if (disk === undefined)
      throw libvirtError(
        ErrorCode.INVALID_ARG,
        `invalid argument: invalid path ${target} not assigned to domain`,
      );
    const source = find(disk, "source");
    const pool = attribute(source, "pool");
    // libvirt finds a volume's file when the domain is started.
    if (pool !== undefined && !isRunning)
      throw libvirtError(ErrorCode.INTERNAL, "internal error: missing storage backend for 'volume' storage");
    if (pool !== undefined) return `${this.pools.get(pool)?.path}/${attribute(source, "volume")}`;
    return attribute(source, "file") ?? attribute(source, "dev") ?? "";
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
