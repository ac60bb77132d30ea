import { createHash } from "node:crypto";
import { type Clock, Deadline } from "../deadline.ts";
import { element, serialiseNode } from "../domain/tree.ts";
import { UserError } from "../errors.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { PoolRef } from "../libvirt/storage.ts";
import { messageOf } from "../message-of.ts";
import type { Session } from "../session.ts";

/** A host whose storage is used. */
export interface StorageHost {
  hypervisor: Hypervisor;
  session: Pick<Session, "locked" | "clock">;
}

/** How long others may keep a pool busy: libvirt makes an empty image within a second, others may copy a large one. */
const BUSY_SECONDS = 60;
const BUSY_POLL_MS = 100;

/** How often a pool that others stop or start meanwhile is looked for again. */
const ATTEMPTS = 20;

/** Pools that are started for a moment, by the hash of their folder: two processes find the same one. */
const TRANSIENT = "pulumi-libvirt-hotplug-pool-";

/**
 * Works on the files of a folder: in the pool that the host has for it, refreshed, or else in a transient one, which is stopped
 * afterwards. libvirt refuses a second pool on one folder, and several processes may share the transient one: whichever ends first
 * stops it, and the others start it again. So `work` can be repeated, and libvirt's own locks decide between two of them.
 *
 * @throws UserError where the folder can't have a pool
 */
export async function withPoolOf<T>(
  { hypervisor, session }: StorageHost,
  folder: string,
  work: (pool: PoolRef) => Promise<T>,
): Promise<T> {
  return session.locked(`pool ${hypervisor.uri} ${folder}`, async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(hypervisor, session.clock, folder, work);
      } catch (error) {
        if (!(error instanceof PoolTaken)) throw error;
        if (attempt === ATTEMPTS) throw error.cause;
        await session.clock.sleep(BUSY_POLL_MS);
      }
    }
  });
}

/** Stops the transient pool of a folder that a killed run left. Another process that uses it starts it again. */
export async function stopLeftPool({ hypervisor }: StorageHost, folder: string): Promise<void> {
  const left = await hypervisor.findPool(transientName(folder));
  if (left !== undefined) await stop(hypervisor, left);
}

/** Works on the volumes of a pool that the program names, refreshed. */
export async function withNamedPool<T>(
  { hypervisor, session }: StorageHost,
  name: string,
  work: (pool: PoolRef) => Promise<T>,
): Promise<T> {
  return session.locked(`pool ${hypervisor.uri} ${name}`, async () => {
    const pool = await hypervisor.findPool(name);
    if (pool === undefined) throw missingPool(name, hypervisor.uri);
    await refreshed(hypervisor, session.clock, pool);
    return work(pool);
  });
}

function missingPool(name: string, uri: string): UserError {
  const text = `storage pool "${name}" doesn't exist on ${uri}; create it first, or name another one`;
  return new UserError(text, { code: "missing-on-host" });
}

/** Somebody else started or stopped the pool of the folder since it was looked up. */
class PoolTaken extends Error {}

/** What libvirt replies where a pool is gone, or is being started or stopped. */
const STOPPED = [ErrorCode.NO_STORAGE_POOL, ErrorCode.OPERATION_INVALID];

async function once<T>(
  hypervisor: Hypervisor,
  clock: Clock,
  folder: string,
  work: (pool: PoolRef) => Promise<T>,
): Promise<T> {
  const found = await hypervisor.findPoolByTargetPath(folder);
  const pool = found ?? (await start(hypervisor, folder));
  const isOurs = pool.name === transientName(folder);
  try {
    // A pool that is started reads its folder.
    if (found !== undefined) await refreshed(hypervisor, clock, found);
    return await work(pool);
  } catch (cause) {
    throw isOurs && isStopped(cause) ? new PoolTaken(messageOf(cause), { cause }) : cause;
  } finally {
    if (isOurs) await stop(hypervisor, pool);
  }
}

function isStopped(error: unknown): boolean {
  return STOPPED.some((code) => hasCode(error, code));
}

async function start(hypervisor: Hypervisor, folder: string): Promise<PoolRef> {
  if (isSystemFolder(folder))
    throw new UserError(
      `libvirt has no storage pool for ${folder}, and none is started on a folder of the system; put the image into a folder for images, or define a pool for ${folder}`,
      { code: "system-folder" },
    );
  const xml = element(
    "pool",
    { type: "dir" },
    element("name", {}, transientName(folder)),
    element("target", {}, element("path", {}, folder)),
  );
  try {
    return await hypervisor.createPool(serialiseNode(xml));
  } catch (cause) {
    if (hasCode(cause, ErrorCode.OPERATION_FAILED)) throw new PoolTaken(messageOf(cause), { cause });
    if (hasCode(cause, ErrorCode.SYSTEM_ERROR) && cause.int1 === ENOENT)
      throw new UserError(`the folder ${folder} doesn't exist on ${hypervisor.uri}; create it first`, {
        cause,
        code: "missing-on-host",
      });
    throw cause;
  }
}

/** The errno of "No such file or directory". */
const ENOENT = 2;

/** Refreshes a pool: libvirt refuses that while a volume of it is being made, with the code of an internal error. */
export async function refreshed(hypervisor: Hypervisor, clock: Clock, pool: PoolRef): Promise<void> {
  const deadline = Deadline.inSeconds(BUSY_SECONDS, clock);
  for (;;) {
    try {
      return await hypervisor.refreshPool(pool);
    } catch (error) {
      if (hasCode(error, ErrorCode.OPERATION_INVALID) && !pool.name.startsWith(TRANSIENT))
        throw new UserError(
          `storage pool "${pool.name}" isn't active on ${hypervisor.uri}; start it: virsh pool-start ${pool.name}`,
          { cause: error, code: "missing-on-host" },
        );
      if (!hasCode(error, ErrorCode.INTERNAL) || deadline.isOver) throw error;
      await deadline.sleep(BUSY_POLL_MS);
    }
  }
}

/** Another process may use it still, and stops it then; or has stopped it. */
async function stop(hypervisor: Hypervisor, pool: PoolRef): Promise<void> {
  try {
    await hypervisor.destroyPool(pool);
  } catch (error) {
    if (!isStopped(error) && !hasCode(error, ErrorCode.INTERNAL)) throw error;
  }
}

function transientName(folder: string): string {
  return `${TRANSIENT}${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`;
}

/** Folders that are the system's with all that is in them. */
const SYSTEM_TREES = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/proc",
  "/sbin",
  "/sys",
  "/usr",
];

/** Folders whose own files are the system's, or everybody's. */
const SYSTEM_FOLDERS = ["/", "/home", "/root", "/run", "/tmp", "/var", "/var/lib", "/var/tmp"];

/** libvirt opens every file of a folder that is a pool. */
function isSystemFolder(folder: string): boolean {
  return (
    SYSTEM_FOLDERS.includes(folder) ||
    SYSTEM_TREES.some((tree) => folder === tree || folder.startsWith(`${tree}/`))
  );
}
