import { call, domain, slow } from "./procedures.ts";
import { string, struct, u64, uint, uuid } from "./xdr.ts";

/** remote_nonnull_storage_pool and remote_nonnull_storage_vol. */
const pool = struct({ name: string, uuid });
const volume = struct({ pool: string, name: string, key: string });

/**
 * The calls about storage pools, volumes and the disks of a domain. What reads or writes images is slow: the daemon opens every
 * file of a pool that it refreshes.
 */
export const storageProcedures = {
  createPool: call(76, "STORAGE_POOL_CREATE_XML", { xml: string, flags: uint }, { pool }, slow),
  destroyPool: call(80, "STORAGE_POOL_DESTROY", { pool }, {}, slow),
  refreshPool: call(83, "STORAGE_POOL_REFRESH", { pool, flags: uint }, {}, slow),
  lookupPool: call(84, "STORAGE_POOL_LOOKUP_BY_NAME", { name: string }, { pool }),
  createVolume: call(93, "STORAGE_VOL_CREATE_XML", { pool, xml: string, flags: uint }, { volume }, slow),
  deleteVolume: call(94, "STORAGE_VOL_DELETE", { volume, flags: uint }, {}, slow),
  lookupVolume: call(95, "STORAGE_VOL_LOOKUP_BY_NAME", { pool, name: string }, { volume }),
  lookupVolumeByPath: call(97, "STORAGE_VOL_LOOKUP_BY_PATH", { path: string }, { volume }),
  volumeXml: call(99, "STORAGE_VOL_GET_XML_DESC", { volume, flags: uint }, { xml: string }),
  blockInfo: call(
    194,
    "DOMAIN_GET_BLOCK_INFO",
    { domain, path: string, flags: uint },
    { allocation: u64, capacity: u64, physical: u64 },
    slow,
  ),
  blockResize: call(251, "DOMAIN_BLOCK_RESIZE", { domain, disk: string, size: u64, flags: uint }, {}, slow),
  resizeVolume: call(260, "STORAGE_VOL_RESIZE", { volume, capacity: u64, flags: uint }, {}, slow),
  lookupPoolByTargetPath: call(391, "STORAGE_POOL_LOOKUP_BY_TARGET_PATH", { path: string }, { pool }),
};
