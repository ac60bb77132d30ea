import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { parseDomain } from "../../provider/domain/parse.ts";
import { readCountedMemory, readDomain } from "../../provider/domain/read.ts";
import { CheckFailed, created } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import { MIB } from "../support/scene.ts";

/** Every case is a create and several updates. */
const byHand = fc.record({
  model: fc.constantFrom("dimm", "dimm", "nvdimm", "virtio-mem", "virtio-pmem"),
  mib: fc.constantFrom(128, 256, 300, 512),
  isRequested: fc.boolean(),
  where: fc.constantFrom("definition", "definition", "live", "both"),
});

type ByHand = typeof byHand extends fc.Arbitrary<infer T> ? T : never;

function deviceXml({ model, mib, isRequested }: ByHand, index: number): string {
  const address = model === "dimm" || model === "nvdimm" ? `<address type='dimm' slot='${index}'/>` : "";
  const elastic =
    model === "virtio-mem"
      ? `<block unit='KiB'>2048</block><requested unit='KiB'>${isRequested ? 4096 : 0}</requested>`
      : "";
  return `<memory model='${model}'><target><size unit='KiB'>${mib * MIB}</size><node>0</node>${elastic}</target>${address}<alias name='ua-theirs${index}'/></memory>`;
}

const changes = fc.record(
  {
    memory: fc.constantFrom(1024, 1280, 1536, 2048, 900),
    maxMemory: fc.constantFrom(1280, 1536, 2048, 4096),
    memorySlots: fc.constantFrom(1, 2, 4),
    hotplug: fc.record(
      {
        enabled: fc.constantFrom(false, true),
        whenNotPossible: fc.constantFrom("nextBoot", "restart", "error"),
        device: fc.constantFrom("dimm", "virtio-mem"),
        applyOn: fc.constantFrom("now", "nextBoot"),
      },
      { requiredKeys: ["whenNotPossible"] },
    ),
  },
  { requiredKeys: ["hotplug"] },
);

property.prop([fc.array(byHand, { minLength: 1, maxLength: 3 }), changes], cases(60))(
  "memory devices that someone else added: what libvirt refuses is refused before anything changes",
  async (devices, change) => {
    const first = { memory: 1024, maxMemory: 2048, memorySlots: 3, hotplug: { awaitGuest: false } };
    const { host, stack } = await created(first);
    const { uuid, inactive = "", live = "" } = host.only;
    const inserted = (xml: string, ...places: string[]) => {
      const added = devices.filter(({ where }) => places.includes(where));
      const text = devices.map((one, index) => (added.includes(one) ? deviceXml(one, index) : "")).join("");
      const total = readDomain(xml).memory + added.reduce((sum, { mib }) => sum + mib * MIB, 0);
      return xml
        .replace("</devices>", `${text}</devices>`)
        .replace(/(<memory unit='KiB'>)\d+/, `$1${total}`)
        .replace(/(<currentMemory unit='KiB'>)\d+/, `$1${total}`);
    };
    const [atBoot, now] = [inserted(inactive, "definition", "both"), inserted(live, "live", "both")];
    const fits = (xml: string) => readDomain(xml).memory <= 2048 * MIB;
    if (!fits(atBoot) || !fits(now)) return;
    host.change(uuid, { inactive: atBoot, live: now });
    const program = { ...first, ...change, hotplug: { ...first.hotplug, ...change.hotplug } };
    // A refresh makes what someone else did known.
    await stack.refresh();
    const untouched = structuredClone(host.only);
    try {
      await stack.up(program);
    } catch (error) {
      // Refused by the provider, not by libvirt, and before anything changed.
      if (!(error instanceof CheckFailed)) expect(String(error)).toMatch(/refused:/);
      expect(host.only).toEqual(untouched);
      return;
    }
    const defined = host.only.inactive ?? "";
    expect(readCountedMemory(parseDomain(defined).root)?.size).toBe(program.memory * MIB);
    const theirs = (xml: string) =>
      readDomain(xml).devices.filter(({ alias }) => alias?.startsWith("ua-theirs"));
    expect(theirs(defined).length).toBe(theirs(atBoot).length);
    expect(await stack.up(program)).toBe("same");
  },
);
