import * as pulumi from "@pulumi/pulumi";
import { Domain } from "pulumi-libvirt-hotplug-sdk";

const config = new pulumi.Config();

const web = new Domain("web-1", {
  memory: "1003MiB",
  maxMemory: "8GiB",
  vcpus: 2,
  maxVcpus: 8,
  disks: [{ name: "data", file: config.require("disk"), size: "1GiB", onDelete: "delete" }],
  interfaces: [{ name: "lan", user: true }],
  reportAddresses: true,
  boot: {
    kernel: config.require("kernel"),
    initrd: config.require("initrd"),
    commandLine: "console=ttyS0 memhp_default_state=online",
  },
  serial: { file: config.require("console") },
});

export const plan = web.memoryPlan;

/** Known once the guest has booted: pulumi refresh records them. */
export const addresses = web.addresses;
