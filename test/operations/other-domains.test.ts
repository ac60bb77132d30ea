import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { secret } from "../../provider/plugin/values.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource, URN } from "../support/one-resource.ts";
import {
  ARGS,
  addOther,
  CLAIMS,
  changes,
  DISK,
  hostWithImages,
  MAC,
  other,
  PLACES,
} from "../support/other-domain.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import { recordedCalls } from "../support/recorded-calls.ts";

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(() => {
  host = hostWithImages();
  stack = new OneResource(host);
});

describe.each(Object.entries(CLAIMS))("%s of another domain", (_, { xml, args, refusal }) => {
  const program = { ...ARGS, ...args };
  test.each(Object.entries(PLACES))("that has it %s is refused to a new domain", async (__, place) => {
    place(host, xml);
    await expect(stack.preview(program)).rejects.toThrow(refusal);
    expect(changes(host)).toEqual([]);
    host.domains.delete("22222222-2222-2222-2222-222222222222");
    await expect(stack.up(program, () => place(host, xml))).rejects.toThrow(refusal);
    expect(changes(host)).toEqual([]);
  });

  test.each(Object.entries(PLACES))("that has it %s is refused to one that gets it", async (__, place) => {
    await stack.up(ARGS);
    const grown = { ...program, memory: "1259MiB" };
    host.calls.length = 0;
    place(host, xml);
    await expect(stack.preview(grown)).rejects.toThrow(refusal);
    expect(changes(host)).toEqual([]);
    host.domains.delete("22222222-2222-2222-2222-222222222222");
    await expect(stack.up(grown, () => place(host, xml))).rejects.toThrow(refusal);
    // The definition was tried, under another name.
    expect(changes(host)).not.toContain("attachDevice");
    expect([...host.domains.values()].find(({ name }) => name === "web-1")?.inactive).not.toContain(MAC);
  });

  test("stays with a domain that has it already", async () => {
    await stack.up(program);
    addOther(host, { inactive: other(xml) });
    expect(await stack.up({ ...program, memory: "1259MiB" })).toBe("update");
  });
});

/** What QEMU 7.2 lets two running domains have of one file (test/live/refused-devices.test.ts), and what it refuses. */
test.each([
  ["which it writes", "", true, false],
  ["which it writes", "", false, false],
  ["which it reads", "<readonly/>", true, true],
  ["which it reads", "<readonly/>", false, false],
  ["which it shares", "<shareable/>", true, false],
  ["which it shares", "<shareable/>", false, false],
  ["which it reads and shares", "<readonly/><shareable/>", true, true],
  ["which it reads and shares", "<readonly/><shareable/>", false, true],
])("a file of a running domain %s (%s), readOnly: %s", async (_, also, readOnly, isFine) => {
  addOther(host, { inactive: other(DISK(also)), live: other(DISK(also)) });
  const program = { ...ARGS, disks: [{ file: "/images/a.qcow2", readOnly }] };
  for (const work of [() => stack.preview(program), () => stack.up(program)]) {
    const refused = await work().then(
      () => "",
      (error: Error) => error.message,
    );
    expect(refused === "").toBe(isFine);
    expect(refused).toMatch(isFine ? /^/ : /disks\[0\]\.file: "\/images\/a\.qcow2" is (already )?a disk /);
  }
});

test.each([
  ["reads what one that is off writes", "", true],
  ["writes what one that is off reads", "<readonly/>", false],
])("a domain that %s isn't refused", async (_, also, readOnly) => {
  addOther(host, { inactive: other(DISK(also)) });
  expect(await stack.up({ ...ARGS, disks: [{ file: "/images/a.qcow2", readOnly }] })).toBe("create");
});

test("a preview leaves what a domain of the same stack has now to the work", async () => {
  const mark = (urn: string) =>
    `<metadata><hotplug:domain xmlns:hotplug='urn:pulumi-libvirt-hotplug:domain:1' version='1' urn='${urn}'/></metadata>`;
  const program = { ...ARGS, ...CLAIMS["a MAC"].args };
  addOther(host, { inactive: other(CLAIMS["a MAC"].xml, mark(URN.replace("web-1", "db-1"))) });
  expect((await stack.preview(program)).kind).toBe("create");
  await expect(stack.up(program)).rejects.toThrow(CLAIMS["a MAC"].refusal);
  addOther(host, { inactive: other(CLAIMS["a MAC"].xml, mark(URN.replace("urn:pulumi:", "urn:pulumi:x"))) });
  await expect(stack.preview(program)).rejects.toThrow(CLAIMS["a MAC"].refusal);
});

test("the other domains are read at once, each once for its definition and once while it runs", async () => {
  for (let index = 0; index < 5; index++) {
    const uuid = `33333333-0000-0000-0000-00000000000${index}`;
    const inactive = other("")
      .replace("other", `other-${index}`)
      .replace(/<uuid>[^<]*/, `<uuid>${uuid}`);
    const running = index % 2 === 0 ? { live: inactive, power: "running" as const } : {};
    host.domains.set(uuid, {
      name: `other-${index}`,
      uuid,
      power: "shutoff",
      autostart: false,
      inactive,
      ...running,
    });
  }
  const recorded = recordedCalls(host);
  const count = (call: string) => recorded.calls.filter((one) => one.startsWith(call)).length;
  const many = new OneResource(recorded.host);
  await many.preview({ ...ARGS, interfaces: [{ user: true, mac: MAC }, { user: true }] });
  expect([count("list"), count("xml")]).toEqual([1, 8]);
  await many.preview(ARGS);
  expect([count("list"), count("xml")]).toEqual([2, 8]);
});

test("whatever two domains have, the second one is refused exactly what one of them would write or have twice", async () => {
  const disk = fc.record({ file: fc.constantFrom("/a", "/b", "/c"), readOnly: fc.boolean() });
  const card = fc.record({ user: fc.constant(true), mac: fc.constantFrom(MAC, "52:54:00:00:00:02") });
  const lists = fc.record({
    disks: fc.uniqueArray(disk, { selector: ({ file }) => file, maxLength: 3 }),
    interfaces: fc.uniqueArray(card, { selector: ({ mac }) => mac, maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(lists, lists, async (first, second) => {
      const shared = new FakeHypervisor();
      await new OneResource(shared, URN.replace("web-1", "a")).up({ ...ARGS, ...first, name: "a" });
      const refused = await new OneResource(shared, URN.replace("web-1", "b"))
        .up({ ...ARGS, ...second, name: "b" })
        .then(
          () => "",
          (error: Error) => error.message,
        );
      const conflicts = [
        ...second.disks.flatMap(({ file, readOnly }, index) =>
          first.disks.some((one) => one.file === file && !(one.readOnly && readOnly))
            ? [`disks[${index}].file: `]
            : [],
        ),
        ...second.interfaces.flatMap(({ mac }, index) =>
          first.interfaces.some((one) => one.mac === mac) ? [`interfaces[${index}].mac: `] : [],
        ),
      ];
      const paths = [...refused.matchAll(/(disks|interfaces)\[\d+\]\.\w+: /g)].map(([path]) => path);
      expect(paths).toEqual(conflicts);
      expect(shared.domains.size).toBe(conflicts.length === 0 ? 2 : 1);
    }),
    { numRuns: 40 },
  );
});

test("what is known of a new domain is looked at while another value isn't known yet", async () => {
  addOther(host, { inactive: other(CLAIMS["a file"].xml + CLAIMS["a MAC"].xml) });
  const program = {
    ...ARGS,
    description: UNKNOWN,
    disks: [{ file: UNKNOWN }, { file: "/images/a.qcow2" }],
    interfaces: [{ network: UNKNOWN }, { user: true, mac: MAC }],
  };
  await expect(stack.preview(program)).rejects.toThrow(
    /disks\[1\]\.file: "\/images\/a\.qcow2" is already a disk of domain other.*interfaces\[1\]\.mac: the MAC/s,
  );
  host.domains.clear();
  expect((await stack.preview(program)).kind).toBe("create");
});

test.each(["/images/tenant-7/a.qcow2", "/images//tenant-7/./a.qcow2"])(
  "a secret path, as %s, is in no message about another domain, a missing file or another disk",
  async (file) => {
    const hidden = secret(file);
    const shown: string[] = [];
    const attempt = async (one: PluginStack, args: object) => {
      await one.up({ ...ARGS, ...args }).catch((error: Error) => shown.push(error.message));
      shown.push(...one.run.messages.map(({ text }) => text));
    };
    const disks = [{ file: hidden }];
    const used = new FakeHypervisor();
    addOther(used, { inactive: other(DISK("").replace("/images/a.qcow2", "/images/tenant-7/a.qcow2")) });
    await attempt(new PluginStack(used), { disks });
    const missing = new FakeHypervisor();
    missing.missing.add("file /images/tenant-7/a.qcow2").add(`file ${file}`);
    await attempt(new PluginStack(missing), { disks });
    await attempt(new PluginStack(new FakeHypervisor()), { disks: [...disks, { file: hidden }] });
    expect(shown.length).toBeGreaterThanOrEqual(3);
    expect(shown.filter((text) => text.includes("tenant"))).toEqual([]);
  },
);
