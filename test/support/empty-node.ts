import { writeFileSync } from "node:fs";
import type { Lab } from "../lab/lab.ts";
import type { GuestArch } from "../lab/packages.ts";

/** What QEMU says of a node of 0 KiB where a machine type can't start so. */
export const REFUSED = "property 'size' of memory-backend-ram doesn't take value '0'";

/** Starts a domain whose second NUMA node has 0 KiB, paused, as a person would with virsh; rejects with its words. */
export async function createWithEmptyNode(lab: Lab, arch: GuestArch, machine: string): Promise<void> {
  const file = lab.file(`${machine}.xml`);
  const uefi = arch === "aarch64";
  writeFileSync(
    file,
    `<domain type='qemu'>
       <name>${machine}</name>
       <memory unit='MiB'>64</memory>
       <maxMemory unit='MiB' slots='4'>1024</maxMemory>
       <os ${uefi ? "firmware='efi'" : ""}><type arch='${arch}' machine='${machine}'>hvm</type></os>
       <features><acpi/>${uefi ? "<gic version='3'/>" : ""}</features>
       <cpu ${uefi ? "mode='maximum'" : ""}><numa>
         <cell id='0' cpus='0' memory='64' unit='MiB'/>
         <cell id='1' memory='0' unit='MiB'/>
       </numa></cpu>
     </domain>`,
  );
  await lab.virsh("create", file, "--paused");
}
