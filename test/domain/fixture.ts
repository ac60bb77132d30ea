import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Domain XML as libvirt and people write it. */
export const fixtureNames = ["virt-install", "hand-made", "live-dimm-gaps", "virtio-mem"] as const;

export function fixture(name: (typeof fixtureNames)[number]): string {
  return readFileSync(join(import.meta.dirname, "fixtures", `${name}.xml`), "utf8");
}
