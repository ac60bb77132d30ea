import * as pulumi from "@pulumi/pulumi";
import type { DomainArgs } from "pulumi-libvirt-hotplug";
import { Domain } from "pulumi-libvirt-hotplug";
import { catalogueFile } from "pulumi-libvirt-hotplug/sizes";

const config = new pulumi.Config();
const images = config.get("images");
/** Arguments that all VMs of the stack share. */
const shared = config.getObject<DomainArgs>("domain");
const sizes = catalogueFile("catalogue.yaml");

for (const [name, size] of Object.entries(config.requireObject<Record<string, string>>("vms"))) {
  const args = sizes[size];
  if (args === undefined)
    throw new Error(
      `vms.${name}: "${size}" is not a size of catalogue.yaml (${Object.keys(sizes).join(", ")})`,
    );
  new Domain(name, {
    ...args,
    ...(images && { disks: [{ file: `${images}/${name}.qcow2` }] }),
    ...shared,
  });
}
