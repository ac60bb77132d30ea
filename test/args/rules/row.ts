import type { Defaults } from "../../../provider/args/settings.ts";

/** A program, the property that is refused, the reason, and the stack's defaults where they matter. */
export type Row = [
  description: string,
  args: Record<string, unknown>,
  property: string,
  reason: string,
  stack?: Partial<Defaults>,
];

export const memory = "1003MiB";
export const GIB = "1GiB";
export const virtioMem = { device: "virtio-mem" };
