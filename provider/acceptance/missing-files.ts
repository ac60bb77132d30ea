import { randomUUID } from "node:crypto";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  type SharedElement,
  serialiseNode,
  textOf,
} from "../domain/tree.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";

/** A file that doesn't exist on any host: no start gets past it. */
const NOWHERE = "/nonexistent/pulumi-libvirt-hotplug-probe";

/** Files that are looked up at once: each is a disk in a PCI slot. */
const AT_ONCE = 20;

/** The errno of "No such file or directory". */
const ENOENT = 2;

/**
 * The files of a definition that the host doesn't have: disks, kernel, firmware, shared directories, and the directories of
 * files that QEMU creates. libvirt has no call for that, but it looks up the disks of a domain before it does anything else to
 * start it, from the last one to the first. So a transient domain is started that has these files as disks, and a first
 * one that doesn't exist: it never gets as far as QEMU, and the error names the last missing file. A libvirt that looks them
 * up in another order names only the first disk, and then the result is unknown.
 */
export async function missingFiles(hypervisor: Hypervisor, domain: SharedElement): Promise<string[]> {
  const missing: string[] = [];
  const files = [...new Set(filesOf(domain))];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    let rest = files.slice(at, at + AT_ONCE);
    for (;;) {
      const refusal = await lookUp(hypervisor, domain, rest);
      const found = rest.filter((file) => refusal?.includes(`'${file}'`));
      if (found.length !== 1) break;
      missing.push(...found);
      rest = rest.filter((file) => !found.includes(file));
    }
  }
  return missing;
}

/** Only absolute paths: libvirt has no others. */
function filesOf(domain: SharedElement): string[] {
  const [os, devices] = [find(domain, "os"), find(domain, "devices")];
  const images = ["kernel", "initrd", "dtb", "loader"].map((name) => textOf(find(os, name)).trim());
  const disks = children(devices, "disk").flatMap((disk) => {
    const source = find(disk, "source");
    // With another policy than the default, libvirt starts the domain without the disk.
    const isNeeded = (attribute(source, "startupPolicy") ?? "mandatory") === "mandatory";
    return isNeeded ? (attribute(source, "file") ?? attribute(source, "dev") ?? []) : [];
  });
  const folders = children(devices, "filesystem").flatMap(
    (one) => attribute(find(one, "source"), "dir") ?? [],
  );
  const outputs = ["serial", "parallel", "console", "channel"].flatMap((kind) =>
    children(devices, kind).flatMap((device) =>
      attribute(device, "type") === "file" ? (attribute(find(device, "source"), "path") ?? []) : [],
    ),
  );
  const parents = outputs.map((file) => file.slice(0, file.lastIndexOf("/")));
  return [...images, ...disks, ...folders, ...parents].filter((file) => file.startsWith("/"));
}

/** libvirt's message where one of the files, or the one that doesn't exist, is missing; undefined for another answer. */
async function lookUp(
  hypervisor: Hypervisor,
  domain: SharedElement,
  files: string[],
): Promise<string | undefined> {
  try {
    const probe = await hypervisor.createTransient(serialiseNode(probeDomain(domain, files)));
    // Never seen: a domain with a disk that doesn't exist was started.
    await hypervisor.destroy(probe).catch(() => undefined);
    return undefined;
  } catch (error) {
    if (error instanceof LibvirtError) return error.int1 === ENOENT ? error.message : undefined;
    throw error;
  }
}

function probeDomain(domain: SharedElement, files: string[]): Element {
  const uuid = randomUUID();
  const emulator = find(domain, "devices", "emulator");
  const disks = [NOWHERE, ...files].map((file, index) =>
    element(
      "disk",
      { type: "file", device: "disk" },
      element("driver", { name: "qemu", type: "raw" }),
      element("source", { file }),
      element("target", { dev: `vd${String.fromCharCode("a".charCodeAt(0) + index)}`, bus: "virtio" }),
      element("readonly"),
      element("shareable"),
    ),
  );
  return element(
    "domain",
    { type: attribute(domain, "type") },
    element("name", {}, `pulumi-libvirt-hotplug-probe-${uuid}`),
    element("uuid", {}, uuid),
    element("memory", { unit: "MiB" }, "64"),
    element("os", {}, element("type", { arch: attribute(find(domain, "os", "type"), "arch") }, "hvm")),
    element("devices", {}, emulator && element("emulator", {}, textOf(emulator)), ...disks),
  );
}
