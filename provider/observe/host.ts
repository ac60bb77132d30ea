import { oncePerDocument } from "../domain/once-per-document.ts";
import { readXml } from "../domain/parse.ts";
import { attribute, children, find, type SharedElement, textOf } from "../domain/tree.ts";

/** What a host can run (virConnectGetCapabilities; format: formatcaps in the documentation of libvirt). */
export interface Host {
  /** The host's own architecture, e.g. x86_64. */
  arch: string;
  /** Guest architectures that it can run with KVM. */
  kvm: ReadonlySet<string>;
  /** The machine types of each guest architecture that it has an emulator for. */
  machines: ReadonlyMap<string, readonly string[]>;
}

export function readHost(capabilities: string): Host {
  return hostOf(readXml(capabilities));
}

const hostOf = oncePerDocument((root): Host => {
  const guests = children(root, "guest").flatMap((guest) => children(guest, "arch"));
  const withKvm = guests.filter((arch) =>
    children(arch, "domain").some((domain) => attribute(domain, "type") === "kvm"),
  );
  return {
    arch: textOf(find(root, "host", "cpu", "arch")),
    kvm: new Set(withKvm.flatMap((arch) => attribute(arch, "name") ?? [])),
    machines: new Map(guests.map((arch) => [attribute(arch, "name") ?? "", machinesOf(arch)])),
  };
});

/** Listed for the architecture; a domain type may have a list of its own. */
function machinesOf(arch: SharedElement): string[] {
  const lists = [arch, ...children(arch, "domain")];
  return [...new Set(lists.flatMap((list) => children(list, "machine")).map(textOf))];
}
