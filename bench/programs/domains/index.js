const { Config } = require("@pulumi/pulumi");
const { Domain } = require("pulumi-libvirt-hotplug");

const config = new Config();
const power = config.get("running") === "false" ? { running: false } : {};
/** One for each host; empty for the stack's own. */
const uris = config.getObject("uris") ?? [];
for (let n = 1; n <= config.requireNumber("count"); n++) {
  new Domain(`vm-${n}`, {
    memory: config.require("memory"),
    maxMemory: "16GiB",
    memorySlots: 64,
    disks: [{ file: `${config.require("disks")}/vm-${n}.raw`, format: "raw" }],
    interfaces: [{ user: true }],
    ...(uris.length > 0 ? { uri: uris[n % uris.length] } : {}),
    ...power,
  });
}
