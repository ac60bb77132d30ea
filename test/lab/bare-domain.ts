import { writeFileSync } from "node:fs";
import type { Lab } from "./lab.ts";

/** Starts a domain with nothing in it, paused: for what needs a QEMU and no guest. About 40 MB. */
export async function startBareDomain(lab: Lab, name: string): Promise<void> {
  const file = lab.file(`${name}.xml`);
  writeFileSync(
    file,
    `<domain type='qemu'>
       <name>${name}</name>
       <memory unit='MiB'>64</memory>
       <os><type arch='x86_64' machine='q35'>hvm</type></os>
     </domain>`,
  );
  await lab.virsh("create", file, "--paused");
}
