import * as pulumi from "@pulumi/pulumi";
import { Domain } from "pulumi-libvirt-hotplug";

const config = new pulumi.Config();
const bridge = config.require("bridge");
const images = config.require("images");

const sizes = {
  "web-1": { memory: "2GiB", vcpus: 2, data: "10GiB" },
  "web-2": { memory: "2GiB", vcpus: 2, data: "10GiB" },
  "db-1": { memory: "8GiB", vcpus: 4, data: "100GiB" },
};

const domains = Object.entries(sizes).map(
  ([name, { memory, vcpus, data }]) =>
    new Domain(name, {
      memory,
      maxMemory: "32GiB",
      vcpus,
      maxVcpus: 16,
      disks: [
        { name: "system", file: `${images}/${name}.qcow2` },
        { name: "data", file: `${images}/${name}-data.qcow2`, size: data },
      ],
      interfaces: [{ name: "lan", bridge }],
      reportAddresses: true,
      serial: "pty",
      autostart: true,
      hotplug: { whenNotPossible: "error" },
    }),
);

/** How the latest change of each VM is done. */
export const plans = domains.map((domain) => pulumi.interpolate`${domain.name}: ${domain.memoryPlan}`);

/** The addresses of each VM that are known: a new VM has none before it has booted, and pulumi refresh records them. */
export const addresses = Object.fromEntries(
  domains.map((domain, index) => [
    Object.keys(sizes)[index],
    domain.addresses.apply((found = []) => found.map(({ address }) => address)),
  ]),
);
