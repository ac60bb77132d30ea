import { memory, type Row } from "./row.ts";

/** Of the console, video, rng, TPM and watchdog. */
export const HARDWARE: Record<string, Row[]> = {
  graphicsOptions: [
    ...["clipboard", "fileTransfer"].map(
      (name): Row => [
        `${name} on VNC`,
        { memory, graphics: { type: "vnc", [name]: false } },
        `graphics.${name}`,
        'is an option of SPICE, but graphics.type is "vnc"; remove it, or set graphics.type to "spice"',
      ],
    ),
    [
      "a VNC port below the first display",
      { memory, graphics: { type: "vnc", port: 80 } },
      "graphics.port",
      "is 80, but VNC ports start at 5900; set a higher one, or remove it to let libvirt choose",
    ],
  ],
  graphicsPassword: [
    [
      "a VNC password of 9 bytes",
      { memory, graphics: { type: "vnc", password: "pässword" } },
      "graphics.password",
      "is longer than 8 bytes, the most that VNC supports",
    ],
    [
      "a SPICE password of 61 bytes",
      { memory, graphics: { type: "spice", password: "p".repeat(61) } },
      "graphics.password",
      "is longer than 60 bytes, the most that SPICE supports",
    ],
    [
      "an empty password",
      { memory, graphics: { type: "vnc", password: "" } },
      "graphics.password",
      "must not be empty; remove it for a server without a password",
    ],
  ],
  screensOfVideo: [
    [
      "several screens of a card with one",
      { memory, video: { model: "vga", heads: 2 } },
      "video.heads",
      'can\'t be set for the model "vga"; only "virtio" and "qxl" have several screens',
    ],
  ],
  periodOfRng: [
    [
      "a period without bytes",
      { memory, rng: { period: 5 } },
      "rng.period",
      "has no effect without rng.bytes",
    ],
  ],
  tpmModel: [
    [
      "TPM 1.2 as CRB",
      { memory, tpm: { model: "crb", version: "1.2" } },
      "tpm.version",
      'is "1.2", which the model "crb" doesn\'t support; use version "2.0", or the model "tis"',
    ],
    [
      "CRB on AArch64",
      { memory, arch: "aarch64", tpm: { model: "crb" } },
      "tpm.model",
      'is "crb", which aarch64 guests don\'t have (only x86_64, i686)',
    ],
  ],
  watchdogModel: [
    [
      "an ISA watchdog on AArch64",
      { memory, arch: "aarch64", watchdog: { model: "ib700" } },
      "watchdog.model",
      'is "ib700", which aarch64 guests don\'t have (only x86_64, i686)',
    ],
    ...["pc", "pc-i440fx-7.2"].map(
      (machine): Row => [
        `the chipset's watchdog on ${machine}`,
        { memory, machine, watchdog: { model: "itco" } },
        "watchdog.model",
        `is "itco", which is part of q35 machines, but machine is "${machine}"`,
      ],
    ),
  ],
};
