/**
 * What identifies a reason or a refusal, whatever its text: `explain --json` prints these codes, docs/troubleshooting.md
 * has an anchor for each, and tests compare them. A code is never renamed and never given another meaning.
 */
export const REASON_CODES = [
  // The guest's platform, or the program, rules out memory hot-plug.
  "hotplug-disabled",
  "32-bit-guest",
  "no-acpi",
  "machine-unsupported",
  "arch-unsupported",
  "virtio-mem-unsupported",

  // An increase by DIMMs.
  "no-numa-node",
  "no-max-memory",
  "not-aligned",
  "not-divisible-by-nodes",
  "max-dimm-size-too-small",
  "beyond-max-memory",
  "no-slots",
  "slots-exhausted",
  "too-few-slots",

  // A decrease by DIMMs.
  "unplug-not-allowed",
  "dimms-do-not-add-up",
  "dimms-not-even",
  "too-few-dimms",
  "boot-memory",
  "domain-paused",

  // There is no running domain to change (`explain`).
  "domain-off",

  // A resize of virtio-mem.
  "no-virtio-mem-device",
  "not-virtio-mem-block",
  "beyond-virtio-mem-size",
  "device-kind",

  // The number of vCPUs.
  "vcpus-arch-unsupported",
  "vcpus-machine-unsupported",
  "beyond-max-vcpus",
  "vcpus-not-removable",
  "vcpus-not-whole-cores",
  "vcpu-removal-unanswered",
  "topology-not-divisible",

  // What is fixed when the domain starts.
  "nodes-fixed-at-boot",

  // The definition for the next boot.
  "target-node-missing",
  "definition-too-small",
  "definition-beyond-max-memory",
  "definition-too-few-slots",
  "pending-by-others",
  "balloon-with-virtio-mem",

  // Disks and network interfaces.
  "bus-without-hotplug",
  "empty-drive",
  "model-without-hotplug",
  "no-free-port",
  "boot-disk",
  "file-in-use",
  "mac-in-use",

  // Images of disks.
  "disk-would-shrink",
  "disk-format",
  "system-folder",

  // The fallback isn't available.
  "when-not-possible-error",
  "downtime-forbidden",
  "adopted-domain",
  "transient-domain",

  // The whole update.
  "replace-required",
  "domain-changed",
  "not-previewed",
  "postcondition-failed",
  "cancelled",

  // The power of the domain.
  "domain-halted",
  "domain-asleep",
  "domain-busy",

  // The domain and its host.
  "domain-gone",
  "not-owned",
  "uri-moved",
  "plain-tcp",
  "name-taken",
  "uuid-taken",
  "unsupported-by-host",
  "missing-on-host",
  "definition-refused",
  "replace-unfinished",
  "create-before-delete",
  "renamed-domain",
  "newer-state",
  "damaged-state",

  // An adoption.
  "nothing-to-adopt",
  "adopt-refused",
  "nothing-to-import",
] as const;

export type ReasonCode = (typeof REASON_CODES)[number];
