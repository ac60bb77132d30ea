import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { parseXml } from "../domain/parse.ts";
import { isUefi } from "../domain/read.ts";
import type { DomainSpec } from "../domain/spec.ts";
import { attribute, find } from "../domain/tree.ts";
import type { Platform } from "../plan/platform.ts";

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

/** The platform that the program's own XML sets; undefined where it sets none, or an argument overrides it. */
export function platformInXml({ xml, arch, firmware }: Inputs) {
  if (xml === undefined || xml === UNKNOWN || arch !== undefined || firmware !== undefined) return undefined;
  const { root } = parseXml(xml);
  const type = find(root, "os", "type");
  if (find(root, "os") === undefined) return undefined;
  return {
    arch: attribute(type, "arch"),
    machine: attribute(type, "machine"),
    acpi: find(root, "features", "acpi") !== undefined,
    firmware: isUefi(root) ? ("uefi" as const) : ("bios" as const),
  };
}
