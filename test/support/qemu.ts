import type { Lab } from "../lab/lab.ts";

/** A memory device in QEMU's own words; sizes in KiB. */
interface MemoryDeviceByQemu {
  id: string;
  node: number;
  slot: number;
  size: number;
}

/** What QEMU itself says of a domain's memory devices, in the order of their slots. */
export async function memoryDevicesByQemu(lab: Lab, domain: string): Promise<MemoryDeviceByQemu[]> {
  const answer = await lab.virsh("qemu-monitor-command", domain, '{"execute":"query-memory-devices"}');
  // QEMU's QAPI schema, «MemoryDeviceInfo» and «PCDIMMDeviceInfo».
  const { return: devices } = JSON.parse(answer) as { return: { data: MemoryDeviceByQemu }[] };
  return devices
    .map(({ data: { id, node, slot, size } }) => ({ id, node, slot, size: size / 1024 }))
    .sort((a, b) => a.slot - b.slot);
}

/** A disk or a CD-ROM drive in QEMU's own words. */
interface BlockDeviceByQemu {
  /** Its alias. */
  id: string;
  /** Not of an empty drive. */
  file?: string;
}

/** The disks and CD-ROM drives that QEMU itself has, in its order. */
export async function blockDevicesByQemu(lab: Lab, domain: string): Promise<BlockDeviceByQemu[]> {
  const answer = await lab.virsh("qemu-monitor-command", domain, '{"execute":"query-block"}');
  // QEMU's QAPI schema, "BlockInfo". A device may be a path in QEMU's object model, with parts of its own.
  const { return: devices } = JSON.parse(answer) as {
    return: { qdev: string; inserted?: { file: string } }[];
  };
  return devices.map(({ qdev, inserted }) => {
    const id = /^(?:\/machine\/peripheral\/)?([^/]*)/.exec(qdev)?.[1] ?? "";
    return inserted === undefined ? { id } : { id, file: inserted.file };
  });
}
