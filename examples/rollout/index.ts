import * as pulumi from "@pulumi/pulumi";
import type { DomainArgs } from "pulumi-libvirt-hotplug";
import { Domain } from "pulumi-libvirt-hotplug";
import { catalogueFile } from "pulumi-libvirt-hotplug/sizes";

const config = new pulumi.Config();
/** The keys whose value is a secret, or contains one. */
const secretKeys: string[] = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
const isSecret = (key: string) => secretKeys.includes(`${config.name}:${key}`);
/** A value that comes from this key. */
const from = <T>(key: string, value: T) => (isSecret(key) ? pulumi.secret(value) : value);

// The name of a resource is part of its URN, which Pulumi never encrypts.
if (isSecret("vms"))
  throw new Error(
    "rollout:vms is a secret, or contains one, but the names of VMs can't be secret: set it without --secret",
  );
const vms = config.requireObject<Record<string, string>>("vms");
const images = config.get("images");
/** Arguments that all VMs of the stack share. */
const shared = Object.fromEntries(
  Object.entries(config.getObject<DomainArgs>("domain") ?? {}).map(([name, value]) => [
    name,
    from("domain", value),
  ]),
);
const sizes = new Map(Object.entries(catalogueFile("catalogue.yaml")));

for (const [name, size] of Object.entries(vms)) {
  const args = sizes.get(size);
  if (args === undefined)
    throw new Error(
      `vms.${name}: "${size}" is not a size of catalogue.yaml (${[...sizes.keys()].join(", ")})`,
    );
  new Domain(name, {
    ...args,
    ...(images && { disks: [{ file: from("images", `${images}/${name}.qcow2`) }] }),
    ...shared,
  });
}
