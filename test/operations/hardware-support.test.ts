import { describe, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const memory = "1003MiB";
const values = (name: string, ...list: string[]) =>
  `<enum name='${name}'>${list.map((value) => `<value>${value}</value>`).join("")}</enum>`;

/** A host without SPICE, swtpm and memfd, as its libvirt describes it. */
const LACKING = `<devices>
  <graphics supported='yes'>${values("type", "sdl", "vnc", "egl-headless")}</graphics>
  <video supported='yes'>${values("modelType", "vga", "virtio", "none")}</video>
  <tpm supported='yes'>${values("model", "tpm-tis", "tpm-crb")}${values("backendModel", "passthrough")}</tpm>
  <rng supported='yes'>${values("model", "virtio")}${values("backendModel", "egd")}</rng>
</devices>
<memoryBacking supported='yes'>${values("sourceType", "file", "anonymous")}</memoryBacking>`;

/** One with swtpm, but only for TPM 2.0. */
const NEWER = `<devices><tpm supported='yes'>${values("model", "tpm-tis")}${values("backendModel", "emulator")}${values("backendVersion", "2.0")}</tpm></devices>`;

const rows: [args: object, capabilities: string, reason: string][] = [
  [
    { graphics: { type: "spice" } },
    LACKING,
    'graphics.type "spice" isn\'t supported by qemu:///fake (supported: sdl, vnc, egl-headless)',
  ],
  [
    { video: { model: "qxl" } },
    LACKING,
    'video.model "qxl" isn\'t supported by qemu:///fake (supported: vga, virtio, none)',
  ],
  [
    { tpm: {} },
    LACKING,
    "tpm isn't supported by qemu:///fake: swtpm, which emulates it, isn't installed there",
  ],
  [{ tpm: { model: "crb" } }, NEWER, 'tpm.model "crb" isn\'t supported by qemu:///fake (supported: tis)'],
  [{ tpm: { version: "1.2" } }, NEWER, 'tpm.version "1.2" isn\'t supported by qemu:///fake (supported: 2.0)'],
  [{ rng: {} }, LACKING, 'rng "random" isn\'t supported by qemu:///fake (supported: egd)'],
  [
    { memoryBacking: { shared: true } },
    LACKING,
    'memoryBacking "memfd" isn\'t supported by qemu:///fake (supported: file, anonymous)',
  ],
  [{ graphics: { type: "vnc" } }, "<devices><graphics supported='no'/></devices>", "(supported: none)"],
];

describe.each(rows)("%j on a host that doesn't have it", (args, capabilities, reason) => {
  test("a create is refused in the preview, with what would work", async () => {
    const host = new FakeHypervisor();
    host.supports.also = capabilities;
    await expect(new OneResource(host).preview({ memory, ...args })).rejects.toThrow(reason);
  });

  test("a change is refused in preview and up, before anything is done", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    await stack.up({ memory });
    const before = structuredClone(host.domains);
    host.supports.also = capabilities;
    for (const operation of ["preview", "up"] as const)
      await expect(stack[operation]({ memory: "1259MiB", ...args })).rejects.toThrow(reason);
    expect(host.domains).toEqual(before);
  });

  test("a domain that has it is left alone", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    await stack.up({ memory, ...args });
    host.supports.also = capabilities;
    await stack.up({ memory: "1259MiB", ...args });
    expect(stack.run.rows.at(0)).toMatch(/^live: 1003 → 1259 MiB/);
  });
});
