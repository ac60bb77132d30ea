import {
  MAX_GRAPHICS_PORT,
  MAX_RNG_BYTES,
  MAX_RNG_PERIOD,
  MAX_SCREENS,
  MIN_GRAPHICS_PORT,
} from "./limits.ts";
import { flag, integer, oneOf, pageSize, path, pattern, shape, text } from "./schema.ts";

/** The graphical console. Which of them a type has is a rule between arguments (graphics-rules.ts). */
export const graphics = shape("graphics", {
  type: oneOf("vnc", "spice"),
  listen: pattern(/^[A-Za-z0-9_.:%-]{1,255}$/, "must be an IP address or a host name").optional(),
  port: integer(MIN_GRAPHICS_PORT, MAX_GRAPHICS_PORT).optional(),
  password: text("a password").optional(),
  clipboard: flag.optional(),
  fileTransfer: flag.optional(),
});

export const video = shape("video", {
  model: oneOf("virtio", "vga", "qxl", "cirrus", "bochs", "ramfb", "vmvga", "none"),
  heads: integer(1, MAX_SCREENS).optional(),
});

export const rng = shape("rng", {
  source: path.optional(),
  bytes: integer(1, MAX_RNG_BYTES).optional(),
  period: integer(1, MAX_RNG_PERIOD, "milliseconds").optional(),
});

export const tpm = shape("tpm", {
  model: oneOf("tis", "crb", "spapr").optional(),
  version: oneOf("1.2", "2.0").optional(),
});

export const watchdog = shape("watchdog", {
  model: oneOf("i6300esb", "ib700", "diag288", "itco").optional(),
  action: oneOf("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi").optional(),
});

export const memoryBacking = shape("memoryBacking", {
  hugePages: pageSize.optional(),
  locked: flag.optional(),
  shared: flag.optional(),
});
