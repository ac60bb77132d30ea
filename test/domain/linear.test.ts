import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { editDefinition, setOwnership } from "../../provider/domain/edit.ts";
import { setMemory } from "../../provider/domain/memory.ts";
import { overlay } from "../../provider/domain/overlay.ts";
import { readDomain } from "../../provider/domain/read.ts";
import type { DomainSpec, InterfaceSpec } from "../../provider/domain/spec.ts";
import { growth, MOST_GROWTH } from "../support/count-steps.ts";
import { plainSpec } from "./spec.ts";

const repeat = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join("");

function domain({ before = "", cells = "<cell id='0' memory='1027072'/>", devices = "" }): string {
  const head = "<domain type='qemu'>\n  <name>a</name>\n  <uuid>u</uuid>\n  <memory>1027072</memory>\n";
  const os = "  <os>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n  </os>\n";
  return `${head}${before}  <vcpu>2</vcpu>\n${os}  <cpu>\n    <numa>${cells}</numa>\n  </cpu>\n  <devices>\n${devices}  </devices>\n</domain>`;
}

const mac = (index: number) =>
  `52:54:00:${[16, 8, 0].map((bits) => ((index >> bits) & 255).toString(16).padStart(2, "0")).join(":")}`;
const cardXml = (index: number) =>
  `    <interface type='user'>\n      <mac address='${mac(index)}'/>\n      <model type='e1000e'/>\n      <address type='pci' slot='0x01'/>\n    </interface>\n`;
const cards = (count: number, model = "virtio"): InterfaceSpec[] =>
  Array.from({ length: count }, (_, index) => ({ kind: "user", model, mac: mac(index) }));
const dimm = (index: number) =>
  `    <memory model='dimm'>\n      <target><size>131072</size><node>0</node></target>\n      <alias name='ua-pulumi-dimm${index}'/>\n    </memory>\n`;
const controller = (index: number) => `    <controller type='pci' index='${index}'/>\n`;

const withCards = (interfaces: InterfaceSpec[]): DomainSpec => ({ ...plainSpec, interfaces });

/** What is done to a document of `n` parts. */
const WORK: [what: string, prepare: (n: number) => () => unknown][] = [
  ["reading devices", (n) => () => readDomain(domain({ devices: repeat(n, dimm) }))],
  ["reading blanks", (n) => () => readDomain(domain({ before: `${" ".repeat(n)}\n`.repeat(4) }))],
  ["reading text with blanks", (n) => () => readDomain(domain({ before: `<x>a${" ".repeat(n)}b</x>` }))],
  [
    "reading attributes",
    (n) => () => readDomain(domain({ before: `<x${repeat(n, (i) => ` a${i}='1'`)}/>` })),
  ],
  ["reading references", (n) => () => readDomain(domain({ before: `<x>${"&amp;".repeat(n)}</x>` }))],
  [
    "reading nested namespaces",
    (n) => () => readDomain(domain({ before: repeat(n, (i) => `<x:x xmlns:x='u${i}'/>`) })),
  ],
  [
    "writing an owner",
    (n) => () =>
      setOwnership(domain({ devices: repeat(n, cardXml) }), { version: 1, urn: "u", creating: true }),
  ],
  ["adding interfaces", (n) => () => editDefinition(domain({}), withCards([]), withCards(cards(n)))],
  [
    "adding interfaces to many",
    (n) => () =>
      editDefinition(
        domain({ devices: repeat(n, (i) => cardXml(i + n)) }),
        withCards([]),
        withCards(cards(n)),
      ),
  ],
  [
    "removing interfaces",
    (n) => () => editDefinition(domain({ devices: repeat(n, cardXml) }), withCards(cards(n)), withCards([])),
  ],
  [
    "changing interfaces",
    (n) => () =>
      editDefinition(
        domain({ devices: repeat(n, cardXml) }),
        withCards(cards(n, "e1000e")),
        withCards(cards(n)),
      ),
  ],
  [
    "removing what is behind blanks",
    (n) => () =>
      editDefinition(
        domain({ devices: `x${" ".repeat(n)}x${" ".repeat(n)}${cardXml(0)}` }),
        withCards(cards(1)),
        withCards([]),
      ),
  ],
  [
    "a change of the machine",
    (n) => () =>
      editDefinition(
        domain({ devices: repeat(n, controller) + repeat(n, cardXml) }),
        { ...plainSpec, machine: "q35" },
        { ...plainSpec, machine: "pc" },
      ),
  ],
  [
    "removing DIMMs",
    (n) => () =>
      setMemory(domain({ devices: repeat(n, dimm) }), {
        cells: [4096],
        removeAliases: Array.from({ length: n }, (_, i) => `ua-pulumi-dimm${i}`),
      }),
  ],
  [
    "merging arguments into XML",
    (n) => () => overlay(domain({ devices: repeat(n, cardXml) }), { ...plainSpec, interfaces: cards(n) }),
  ],
  [
    "removing cells",
    (n) => () => overlay(domain({ cells: repeat(n, (i) => `<cell id='${i}' memory='1024'/>\n`) }), plainSpec),
  ],
];

describe("the steps grow no faster than the document", () => {
  test.each(WORK)("%s", { timeout: 60_000 }, async (_, prepare) => {
    expect(await growth(prepare, [250, 1_000])).toBeLessThan(MOST_GROWTH);
  });
});

// V8 doesn't count the steps of a regular expression.
test("no expression looks for a run of characters at the end of a text from each of them again", () => {
  const files = globSync("provider/**/*.ts", { cwd: join(import.meta.dirname, "../..") });
  const slow = files.filter((file) =>
    /\/(?:\\[sdw]|\[[^\]]*\]| )[+*]\$/.test(readFileSync(join(import.meta.dirname, "../..", file), "utf8")),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(slow).toEqual([]);
});
