import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { changedDefinition } from "../../provider/definition/changed-definition.ts";
import { definitionXml, domainSpec } from "../../provider/definition/domain-spec.ts";
import { parseDomain } from "../../provider/domain/parse.ts";
import {
  attribute,
  children,
  element,
  find,
  insert,
  serialise,
  serialiseNode,
} from "../../provider/domain/tree.ts";
import { anyDisks, anyInterfaces, hidden } from "../support/arbitrary-inputs.ts";

const host = { arch: "x86_64", kvm: new Set<string>(), machines: new Map() };
const specOf = (inputs: Inputs) => domainSpec(inputs, host, undefined, DEFAULTS);

function checked(lists: object, olds: Partial<Inputs> = {}): Inputs {
  const { inputs, failures } = checkInputs({ ...olds }, { memory: "1GiB", ...lists, ...hidden });
  expect(failures).toEqual([]);
  return inputs as Inputs;
}

/** The definition as libvirt keeps it: each device has an address. */
function placed(xml: string): string {
  const document = parseDomain(xml);
  for (const [index, device] of children(find(document.root, "devices")).entries())
    if (device.name === "disk" || device.name === "interface")
      insert(device, element("address", { type: "pci", bus: index + 1, slot: 0 }));
  return serialise(document);
}

/** The device of each entry, by what tells entries apart to a person: the file of a disk, the MAC of an interface. */
function devices(xml: string): Map<string, string> {
  const all = children(find(parseDomain(xml).root, "devices"));
  return new Map(
    all.flatMap((device) => {
      const key = attribute(find(device, "source"), "file") ?? attribute(find(device, "mac"), "address");
      return (device.name === "disk" || device.name === "interface") && key !== undefined
        ? [[`${device.name} ${key}`, serialiseNode(device).replace(/\s+/g, " ")]]
        : [];
    }),
  );
}

function changed(present: string, before: Inputs, news: Inputs): string {
  const fields = (["disks", "interfaces"] as const).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(news[name]),
  );
  return changedDefinition(present, {
    ...{ fields, before, news, specOf, type: undefined, adopted: false, hotplugPorts: 8 },
  });
}

/** A list with some entries taken out, and the rest in any order. */
const survivors = <Entry>(list: Entry[]) =>
  fc.shuffledSubarray(list.map((_, index) => index)).map((kept) => kept.map((index) => list[index] as Entry));

const lists = fc.record({ disks: anyDisks, interfaces: anyInterfaces }).chain(({ disks, interfaces }) =>
  fc.record({
    before: fc.constant({ disks, interfaces }),
    after: fc.record({ disks: survivors(disks), interfaces: survivors(interfaces) }),
  }),
);

describe("whatever is taken out of a list, and however it is reordered", () => {
  test.prop([lists])("the devices that stay keep target, address, alias and MAC", ({ before, after }) => {
    const old = checked(before);
    const news = checked(after, old);
    const present = placed(definitionXml(old, specOf(old), undefined));
    const was = devices(present);
    const now = devices(changed(present, old, news));
    expect(now.size).toBe(after.disks.length + after.interfaces.length);
    for (const [key, device] of now) expect(device).toBe(was.get(key));
    for (const { file } of after.disks) expect(now.has(`disk ${file}`)).toBe(true);
  });

  test.prop([lists])("each interface with a name keeps its MAC", ({ before, after }) => {
    const old = checked(before);
    const macs = new Map(old.interfaces?.map(({ name, mac }) => [name, mac]));
    for (const { name, mac } of checked(after, old).interfaces ?? [])
      if (name !== undefined) expect(mac).toBe(macs.get(name));
  });

  test.prop([lists])("a new entry doesn't move the others, and has a MAC of its own", ({ before, after }) => {
    const old = checked(after);
    const news = checked(before, old);
    const present = placed(definitionXml(old, specOf(old), undefined));
    const now = devices(changed(present, old, news));
    for (const [key, device] of devices(present)) expect(now.get(key)).toBe(device);
    expect(now.size).toBe(before.disks.length + before.interfaces.length);
  });

  test.prop([lists])("names that are given later change nothing of the domain", ({ before }) => {
    const strip = <Entry extends { name?: unknown }>({ name: _, ...entry }: Entry) => entry;
    const old = checked({ disks: before.disks.map(strip), interfaces: before.interfaces.map(strip) });
    const news = checked(before, old);
    const present = placed(definitionXml(old, specOf(old), undefined));
    expect(devices(changed(present, old, news))).toEqual(devices(present));
  });
});
