import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, vi } from "vitest";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import { anyPowered } from "../support/arbitrary-domain.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PluginInProcess } from "../support/plugin-in-process.ts";

const UUID = "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01";
const NONE = 1;

/** The XML of a domain as an observation has it, made by no program of this provider. */
function xmlOf({
  cells,
  devices,
  maxMemory,
  memory,
  currentMemory,
  acpi,
  machine = "pc-q35-7.2",
}: MemoryView) {
  const numa = cells.map(({ id, memory }) => `<cell id='${id}' memory='${memory}' unit='KiB'/>`).join("");
  const dimms = devices.map(
    ({ model, size, node, slot, base, alias }) =>
      `<memory model='${model}'><target><size unit='KiB'>${size}</size><node>${node}</node></target>${alias ? `<alias name='${alias}'/>` : ""}<address type='dimm'${slot === undefined ? "" : ` slot='${slot}'`}${base ? ` base='${base}'` : ""}/></memory>`,
  );
  const ceiling = maxMemory
    ? `<maxMemory unit='KiB'${maxMemory.slots === undefined ? "" : ` slots='${maxMemory.slots}'`}>${maxMemory.size}</maxMemory>`
    : "";
  return `<domain type='kvm'><name>old-1</name><uuid>${UUID}</uuid>${ceiling}<memory unit='KiB'>${memory}</memory><currentMemory unit='KiB'>${currentMemory}</currentMemory><vcpu>2</vcpu><os><type arch='x86_64' machine='${machine}'>hvm</type></os><features>${acpi ? "<acpi/>" : ""}</features><cpu><numa>${numa}</numa></cpu><devices>${dimms.join("")}</devices></domain>`;
}

function hostWith({ power, persistent, live, nextBoot, saved }: Observed): FakeHypervisor {
  const host = new FakeHypervisor();
  host.domains.set(UUID, {
    ...{ name: "old-1", uuid: UUID, autostart: false },
    power: power === "off" ? "shutoff" : power === "running" ? "running" : "paused",
    ...(live && { id: 1, live: xmlOf(live) }),
    ...(persistent && nextBoot && { inactive: xmlOf(nextBoot) }),
    ...(saved && { saved: { xml: xmlOf(saved) } }),
  });
  return host;
}

/** Imports a domain, and previews the program that Pulumi writes for it. */
async function imported(host: FakeHypervisor) {
  const plugin = new PluginInProcess(host);
  await plugin.configure();
  const read = await plugin.read(UUID);
  const checked = await plugin.check(read.inputs, read.inputs);
  const computed = ["uuid", "memoryPlan", "change", "memoryChange"];
  const program = Object.fromEntries(
    Object.entries(checked.inputs).filter(([name]) => !name.startsWith("__") && !computed.includes(name)),
  );
  const next = new PluginInProcess(host);
  await next.configure();
  const again = await next.check(checked.inputs, program);
  return { plugin, read, checked, again, next };
}

describe("an imported domain", () => {
  property.prop([anyPowered])("isn't changed by the program that Pulumi writes for it", async (observed) => {
    const { read, checked, again, next, plugin } = await imported(hostWith(observed));
    expect(checked.failures).toEqual([]);
    expect(again.failures).toEqual([]);
    const { live, nextBoot } = observed;
    const diff = await next.diff(read.id, read.properties, again.inputs, { oldInputs: checked.inputs });
    if (live !== undefined && nextBoot !== undefined && live.memory !== nextBoot.memory) {
      // The definition follows what runs, and the import said so.
      expect(next.said.join("\n")).toMatch(/^(live: .*in the definition|next boot: )/);
      expect(plugin.said.join("\n")).toContain(next.said[0]?.split("\n")[0]);
      expect(diff.replaces).toEqual([]);
    } else expect(diff).toMatchObject({ changes: NONE, detailedDiff: {} });
  });
});

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "\0", "a\nb", " old-1 ", "\u202eold-1", "x".repeat(100_000), `{${UUID}}`, `${UUID}0`),
);

property.prop([anyText])("an id that no domain has is answered in one line, whatever it is", async (id) => {
  const host = new FakeHypervisor();
  const find = vi.spyOn(host, "findByName");
  const plugin = new PluginInProcess(host);
  await plugin.configure();
  const { details } = await plugin.read(id).then(
    () => ({ details: "found" }),
    (error: { details: string }) => error,
  );
  expect(details).toMatch(
    /^there is no domain with the UUID or the name ".*" on qemu:\/\/\/system: that host has no domains/,
  );
  expect(details.length).toBeLessThan(2500);
  // libvirt's protocol has no NUL in a name.
  for (const [name] of find.mock.calls) expect(name).toMatch(/^[^\0]{1,255}$/);
});
