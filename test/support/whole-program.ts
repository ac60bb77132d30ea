/** A program that sets something of every part of a definition. */
export const WHOLE_PROGRAM = {
  memory: "1003MiB",
  maxMemory: "8GiB",
  memorySlots: 8,
  vcpus: 2,
  cpu: "Nehalem",
  machine: "pc-q35-7.2",
  disks: [{ file: "/images/a.qcow2" }],
  interfaces: [{ network: "default" }],
  serial: "pty",
  description: "shop",
  autostart: true,
  boot: { kernel: "/boot/vmlinuz", commandLine: "quiet" },
};
