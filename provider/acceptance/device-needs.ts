import { attribute, children, find, type SharedElement } from "../domain/tree.ts";
import type { DomainCapabilities } from "../observe/domain-capabilities.ts";

/** One value that a definition needs, of a kind that libvirt lists. */
export interface DeviceNeed {
  /** As in a message: the argument that sets it. */
  what: string;
  value: string;
  of: keyof DomainCapabilities & DeviceKind;
}

type DeviceKind =
  | "graphics"
  | "video"
  | "tpmBackends"
  | "tpmModels"
  | "tpmVersions"
  | "rngBackends"
  | "memorySources";

/** The graphics, video card, TPM, random number generator and memory of a definition, as far as libvirt lists what a host has. */
export function readDeviceNeeds(domain: SharedElement): DeviceNeed[] {
  const devices = find(domain, "devices");
  const of = (name: string) => children(devices, name);
  const need = (of: DeviceKind, what: string, value: string | undefined): DeviceNeed[] =>
    value === undefined ? [] : [{ of, what, value }];
  return [
    ...of("graphics").flatMap((one) => need("graphics", "graphics.type", attribute(one, "type"))),
    ...of("video").flatMap((one) => need("video", "video.model", attribute(find(one, "model"), "type"))),
    ...of("tpm").flatMap((one) => [
      ...need("tpmBackends", "tpm", attribute(find(one, "backend"), "type")),
      ...need("tpmModels", "tpm.model", attribute(one, "model")),
      ...need("tpmVersions", "tpm.version", attribute(find(one, "backend"), "version")),
    ]),
    ...of("rng").flatMap((one) => need("rngBackends", "rng", attribute(find(one, "backend"), "model"))),
    ...need("memorySources", "memoryBacking", attribute(find(domain, "memoryBacking", "source"), "type")),
  ];
}

/** The values that the host doesn't have. A kind that its libvirt doesn't list is taken to be there. */
export function unmetDeviceNeeds(
  needs: readonly DeviceNeed[],
  has: DomainCapabilities,
  uri: string,
): string[] {
  return needs.flatMap(({ of, what, value }) => {
    const values = has[of];
    if (values === undefined || values.includes(value)) return [];
    if (of === "tpmBackends" && value === "emulator")
      return [`tpm isn't supported by ${uri}: swtpm, which emulates it, isn't installed there`];
    const named = of === "tpmModels" ? value.replace(/^tpm-/, "") : value;
    const supported = values.map((one) => (of === "tpmModels" ? one.replace(/^tpm-/, "") : one)).join(", ");
    return [`${what} "${named}" isn't supported by ${uri} (supported: ${supported || "none"})`];
  });
}
