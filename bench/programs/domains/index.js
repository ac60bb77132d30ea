const { Config } = require("@pulumi/pulumi");
const { Domain } = require("pulumi-libvirt-hotplug");

const config = new Config();
for (let n = 1; n <= config.requireNumber("count"); n++) {
  new Domain(`vm-${n}`, { memory: config.require("memory"), maxMemory: "16GiB", memorySlots: 64 });
}
