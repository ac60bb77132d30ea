import type { Input } from "@pulumi/pulumi";

/** The primary video card. */
export interface VideoArgs {
  /** The model of the card; `"none"`: no card, even with `graphics`. */
  model: Input<"virtio" | "vga" | "qxl" | "cirrus" | "bochs" | "ramfb" | "vmvga" | "none">;
  /** The number of screens, 1 to 16, of a model that has several (`"virtio"`, `"qxl"`). Default: 1. */
  heads?: Input<number>;
}
