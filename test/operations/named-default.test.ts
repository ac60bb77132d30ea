import { describe, expect, test } from "vitest";
import { withVcpus } from "../support/fake-domain-xml.ts";
import { created } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };

/** What somebody else sets in the definition, and the default that the program then names. */
const cases: [name: string, edit: (xml: string) => string, named: object, wanted: RegExp][] = [
  ["vcpus", (xml) => withVcpus(xml, 2).xml, { vcpus: 1 }, /<vcpu current='1'>4</],
  [
    "agent",
    (xml) => xml.replace(/<channel.*?<\/channel>/s, ""),
    { agent: true },
    /name=['"]org\.qemu\.guest_agent\.0/,
  ],
  [
    "balloon",
    (xml) => xml.replace(/<memballoon.*?<\/memballoon>/s, "<memballoon model='none'/>"),
    { balloon: true },
    /<memballoon model=['"]virtio/,
  ],
];

describe("a default that the program names after somebody else set another value in the definition", () => {
  test.each(cases)("%s: is set, and the next update is empty", async (_, edit, named, wanted) => {
    const { host, stack } = await created(args);
    const { uuid, inactive = "" } = host.only;
    const edited = edit(inactive);
    expect(edited).not.toBe(inactive);
    host.change(uuid, { inactive: edited });
    expect(await stack.up({ ...args, ...named })).toBe("update");
    expect(host.only.inactive).toMatch(wanted);
    expect(await stack.up({ ...args, ...named })).toBe("same");
  });
});

/** An argument with another value, and then with its default. */
const defaults: [name: string, other: object, named: object][] = [
  ["vcpus", { vcpus: 4 }, { vcpus: 1 }],
  ["agent", { agent: false }, { agent: true }],
  ["balloon", { balloon: false }, { balloon: true }],
  ["autostart", { autostart: true }, { autostart: false }],
  ["machine", { machine: "pc-q35-7.2" }, { machine: "q35" }],
];

describe("a default that the program named, and names no longer", () => {
  test.each(defaults)(
    "%s: is what it is, and no update after that one does anything",
    async (_, other, named) => {
      const { host, stack } = await created({ ...args, ...other });
      await stack.up({ ...args, ...named });
      const { inactive } = host.only;
      await stack.refresh();
      await stack.up(args);
      for (const next of [() => stack.up({ ...args }), () => stack.refresh(), () => stack.up({ ...args })])
        expect((await next()) ?? "same").toBe("same");
      const withoutMark = (xml = "") => xml.replace(/<metadata>.*?<\/metadata>/s, "");
      expect(withoutMark(host.only.inactive)).toBe(withoutMark(inactive));
    },
  );
});
