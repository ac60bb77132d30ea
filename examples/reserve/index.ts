import * as pulumi from "@pulumi/pulumi";
import { Domain } from "pulumi-libvirt-hotplug";

const config = new pulumi.Config();

const db = new Domain("db-1", {
  memory: "512MiB",
  maxMemory: "4GiB",
  vcpus: 2,
  numa: [{ memory: "512MiB", cpus: "0-1" }, { memory: 0 }],
  hotplug: { targetNode: 1 },
  boot: {
    kernel: config.require("kernel"),
    initrd: config.require("initrd"),
    // New memory stays offline until the guest agent is asked to bring it online.
    // It is movable then, so that it can be removed.
    commandLine: "console=ttyS0 memhp_default_state=offline movable_node",
  },
  serial: { file: config.require("console") },
});

export const plan = db.memoryPlan;
