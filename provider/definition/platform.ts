import type { Inputs } from "../args/inputs.ts";
import { hugePagesOf } from "../args/memory-backing-rules.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { readBacking } from "../domain/backing.ts";
import { readXml } from "../domain/parse.ts";
import { isUefi } from "../domain/read.ts";
import type { DomainSpec } from "../domain/spec.ts";
import { attribute, find } from "../domain/tree.ts";
import { largestPage } from "../plan/observed.ts";
import type { Platform } from "../plan/platform.ts";
import type { Kib } from "../units/kib.ts";

/** The type of the domain's hypervisor, in `libvirt-hotplug:domainType`. */
export type DomainType = DomainSpec["type"] | undefined;

/**
 * The platform of a domain: from the arguments or the program's own XML, else the default of the architecture.
 *
 * @param hostArch the architecture where neither sets one
 */
export function platformOf(
  inputs: Inputs,
  hostArch: string,
): Platform & Pick<DomainSpec, "arch" | "firmware"> {
  const own = platformInXml(inputs);
  const arch = inputs.arch ?? own?.arch ?? hostArch;
  const firmware = inputs.firmware ?? own?.firmware ?? (arch === "aarch64" ? "uefi" : "bios");
  const acpi =
    own?.acpi ?? (arch === "x86_64" || arch === "i686" || (arch === "aarch64" && firmware === "uefi"));
  const machine = inputs.machine ?? own?.machine;
  return { arch, firmware, acpi, uefi: firmware === "uefi", ...defined({ machine }) };
}

/** The largest huge page that backs a new domain's memory: from the argument, else from the program's own XML. */
export function hugePageOf(inputs: Inputs): Kib | undefined {
  const named = hugePagesOf(inputs);
  const { xml } = inputs;
  if (named !== undefined || xml === undefined || xml === UNKNOWN) return named;
  return largestPage({ backing: readBacking(readXml(xml)) });
}

/** The platform that the program's own XML sets; undefined where it sets none, or an argument overrides it. */
export function platformInXml({ xml, arch, firmware }: Inputs) {
  if (xml === undefined || xml === UNKNOWN || arch !== undefined || firmware !== undefined) return undefined;
  const root = readXml(xml);
  const type = find(root, "os", "type");
  if (find(root, "os") === undefined) return undefined;
  return {
    arch: attribute(type, "arch"),
    machine: attribute(type, "machine"),
    acpi: find(root, "features", "acpi") !== undefined,
    firmware: isUefi(root) ? ("uefi" as const) : ("bios" as const),
  };
}
