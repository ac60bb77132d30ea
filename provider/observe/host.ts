import { parse } from "../domain/parse.ts";
import { attribute, children, find, text } from "../domain/tree.ts";

/** What a host can run (virConnectGetCapabilities; format: formatcaps in the documentation of libvirt). */
export interface Host {
  /** The host's own architecture, e.g. x86_64. */
  arch: string;
  /** Guest architectures that it can run with KVM. */
  kvm: ReadonlySet<string>;
}

export function readHost(capabilities: string): Host {
  const { root } = parse(capabilities);
  const guests = children(root, "guest").flatMap((guest) => children(guest, "arch"));
  const withKvm = guests.filter((arch) =>
    children(arch, "domain").some((domain) => attribute(domain, "type") === "kvm"),
  );
  return {
    arch: text(find(root, "host", "cpu", "arch")),
    kvm: new Set(withKvm.flatMap((arch) => attribute(arch, "name") ?? [])),
  };
}
