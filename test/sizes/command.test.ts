import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { Parser } from "yaml";
import { catalogueFile } from "../../sdk/sizes.ts";
import { commandLine } from "../command/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "sizes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(content: string | Uint8Array, name = "catalogue.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const GOOD = `step: 1GiB
ceiling: 32GiB
sizes:
  small: { memory: 2GiB, vcpus: 1 }
  medium: { memory: 4GiB, vcpus: 2 }
  large: { memory: 8GiB, vcpus: 2 }
`;

describe("sizes check", () => {
  test("draws each step of a catalogue, and how many slots it leaves", async () => {
    const { code, out, error } = await commandLine(["sizes", "check", fileOf(GOOD)]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toContain(`from \\ to  small    medium      large
small      –        live +1/15  live +1/15
medium     replace  –           live +1/15
large      replace  replace     –
`);
    expect(out).toContain("each step up is live; the longest path uses 2 of 16 slots\n");
  });

  test("lists the steps where a line is too short for a table", async () => {
    const sizes = Array.from(
      { length: 9 },
      (_, index) => `  a-long-name-${index}: { memory: ${index + 1}GiB }`,
    );
    const { code, out } = await commandLine([
      "sizes",
      "check",
      fileOf(`ceiling: 9GiB\nsizes:\n${sizes.join("\n")}`),
    ]);
    expect(code).toBe(0);
    expect(out).toContain("a-long-name-0 (1 GiB, 1 vCPU)\n  → a-long-name-1  live: +1 DIMM, 15 slots left\n");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("prints the arguments of each size and each step as JSON, also of a JSON file", async () => {
    const catalogue = {
      ceiling: "16GiB",
      allowUnplug: true,
      whenNotPossible: "nextBoot",
      sizes: { small: { memory: 2048 }, large: { memory: "3GiB", vcpus: 4 } },
    };
    const path = fileOf(JSON.stringify(catalogue, null, "\t"), "catalogue.json");
    const { code, out } = await commandLine(["sizes", "check", "--json", path]);
    expect(code).toBe(0);
    const { accepted, sizes, steps } = JSON.parse(out);
    expect({ accepted, sizes }).toEqual({
      accepted: true,
      sizes: {
        small: {
          ...{ memory: "2048MiB", vcpus: 1, maxMemory: "16384MiB", memorySlots: 16, maxVcpus: 4 },
          hotplug: {
            alignment: "256MiB",
            allowUnplug: true,
            maxDimmSize: "256MiB",
            whenNotPossible: "nextBoot",
          },
        },
        large: expect.objectContaining({ memory: "3072MiB", vcpus: 4 }),
      },
    });
    expect(steps).toEqual([
      expect.objectContaining({
        from: "small",
        to: "large",
        outcome: "live",
        dimms: 4,
        slotsLeft: 12,
        promised: true,
      }),
      expect.objectContaining({
        from: "large",
        to: "small",
        started: "small",
        outcome: "live",
        dimms: -4,
        slotsLeft: 16,
      }),
    ]);
  });

  test("exits with 1 where a promised step isn't live, with what would work", async () => {
    const path = fileOf("step: 1GiB\nceiling: 128GiB\nsizes: { m: { memory: 66GiB }, l: { memory: 67GiB } }");
    const { code, out, error } = await commandLine(["sizes", "check", path]);
    expect(code).toBe(1);
    expect(out).toContain("m          –        replace !");
    expect(error).toContain(
      "sizes.l: is not live from m: the increase of 1024 MiB is not a multiple of 2048 MiB (the memory block of a guest whose boot memory ends at 68 GiB); live from there: 69632–131072 MiB, step 2048 MiB",
    );
  });

  test.each([
    ["too few slots", "memorySlots: 1", "memorySlots: is 1, but the longest path through the sizes needs 2"],
    ["an architecture", "arch: aarch64", "aarch64 machines don't support vCPU hot-plug"],
  ])("exits with 1 for %s", async (_, line, message) => {
    const { code, error } = await commandLine(["sizes", "check", fileOf(`${line}\n${GOOD}`)]);
    expect([code, error]).toEqual([1, expect.stringContaining(message)]);
  });

  test.each([
    ["an empty file", "  \n", "is empty; write a catalogue"],
    ["a comment", "# sizes\n", "is empty; write a catalogue"],
    ["not YAML", "{{{", "is not valid YAML or JSON"],
    ["a list", "- small", "must be an object with ceiling and sizes, e.g. {"],
    ["a text", "small", "must be an object with ceiling and sizes"],
    ["not text", Uint8Array.of(0xff, 0xfe, 0), "is not text in UTF-8"],
    ["an ELF program", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 0, 1), "is not text in UTF-8"],
    ["a huge file", " ".repeat(5 * 1024 * 1024), "is larger than 4 MiB"],
    [
      "a duplicate key",
      `${GOOD}  small: { memory: 3GiB }\n`,
      '"small" is twice in one object; remove one of them',
    ],
    ["two documents", `${GOOD}---\n${GOOD}`, "has more than one YAML document; write each into its own file"],
    ["an unknown alias", "ceiling: *c\nsizes: {}", "Unresolved alias"],
    ["a tag", "ceiling: !!js/function f\nsizes: {}", "sizes: has no size; add one"],
    ["nothing in it", "{}", "ceiling: is required: the most that a domain can grow to"],
    ["no sizes", "ceiling: 1GiB\nsizes: {}", "sizes: has no size; add one, e.g."],
    [
      "sizes as a list",
      "ceiling: 1GiB\nsizes: [{ memory: 1GiB }]",
      "sizes: must be an object of sizes by name",
    ],
    [
      "a size of 0",
      "ceiling: 4GiB\nsizes: { a: { memory: 0 } }",
      'sizes.a.memory: must be greater than 0, e.g. "4GiB"',
    ],
    [
      "no vCPUs",
      "ceiling: 4GiB\nsizes: { a: { memory: 1GiB, vcpus: 0 } }",
      "sizes.a.vcpus: must be a whole number from 1 to 4096",
    ],
    [
      "too many vCPUs",
      "ceiling: 4GiB\nsizes: { a: { memory: 1GiB, vcpus: 300 } }",
      "sizes.a.vcpus: is 300, above 255",
    ],
    [
      "an unknown key",
      "ceilling: 4GiB\nsizes: { a: { memory: 1GiB } }",
      'ceilling: is not a key of a catalogue; did you mean "ceiling"?',
    ],
    [
      "an unknown key of a size",
      "ceiling: 4GiB\nsizes: { a: { memroy: 1GiB } }",
      'sizes.a.memroy: is not a key of a size; did you mean "memory"?',
    ],
    [
      "an empty value",
      "ceiling:\nsizes: { a: { memory: 1GiB } }",
      "ceiling: is required: the most that a domain can grow to",
    ],
    [
      "an empty value of an optional key",
      "ceiling: 4GiB\nstep:\nsizes: { a: { memory: 1GiB, vcpus: ~ } }",
      "step: is empty; set a value, or leave it out\n  sizes.a.vcpus: is empty; set a value, or leave it out",
    ],
    [
      "a step that isn't a size, without a comparison with the default",
      "ceiling: 4GiB\nstep: big\nsizes: { a: { memory: 1GiB }, b: { memory: 1100 } }",
      'is refused:\n  step: is not a valid size; use e.g. "4GiB", "1003MiB" or 4096 (MiB)\n',
    ],
    ["a set", "ceiling: 4GiB\nsizes: !!set { a, b }", "sizes.a: must be an object with memory and vcpus"],
    ["an ordered map", "ceiling: 4GiB\nsizes: !!omap [a: 1]", "sizes: must be an object of sizes by name"],
    [
      "a number and a text that are the same key",
      "ceiling: 4GiB\nsizes: { 1: { memory: 1GiB }, '1': { memory: 2GiB } }",
      '"1" is twice in one object; remove one of them',
    ],
    [
      "a ceiling beyond the address space of the default CPU",
      "ceiling: 2TiB\nsizes: { a: { memory: 1GiB } }",
      'set cpu to "host-passthrough" to use the host\'s address bits',
    ],
    [
      "two equal sizes",
      "ceiling: 4GiB\nsizes: { a: { memory: 1GiB }, b: { memory: 1024, vcpus: 1 } }",
      "sizes.b: equals sizes.a (1 GiB, 1 vCPU); remove one of them",
    ],
    [
      "a size beyond the ceiling",
      "ceiling: 4GiB\nsizes: { a: { memory: 5GiB } }",
      "sizes.a.memory: is 5 GiB, above the ceiling (4 GiB)",
    ],
    [
      "a size off the step",
      "ceiling: 4GiB\nstep: 1GiB\nsizes: { a: { memory: 1GiB }, b: { memory: 2.5GiB } }",
      'sizes.b.memory: is 2560 MiB, which is not 1 GiB (a, the smallest size) plus a multiple of the step of 1 GiB; use "2048MiB" or "3072MiB"',
    ],
    [
      "a step that guests don't have",
      "ceiling: 4GiB\nstep: 100MiB\nsizes: { a: { memory: 1GiB } }",
      'step: is not a multiple of 128 MiB, the smallest memory block of a Linux guest; use "128MiB"',
    ],
    [
      "a ceiling that no host can start",
      "ceiling: 5TiB\nsizes: { a: { memory: 1GiB } }",
      "ceiling: is 5242880 MiB, above the limit",
    ],
    [
      "maxVcpus below a size",
      "ceiling: 4GiB\nmaxVcpus: 1\nsizes: { a: { memory: 1GiB, vcpus: 2 } }",
      "sizes.a.vcpus: is 2, above maxVcpus (1)",
    ],
    [
      "a name of the prototype",
      "ceiling: 4GiB\nsizes: { __proto__: { memory: 1GiB } }",
      "sizes.__proto__: is not a name of a size",
    ],
    [
      "a key of the prototype",
      "ceiling: 4GiB\n__proto__: { a: 1 }\nsizes: { a: { memory: 1GiB } }",
      "__proto__: is not a key of a catalogue",
    ],
    [
      "an escape sequence",
      'ceiling: 4GiB\n"a\\e[31mb": 1\nsizes: { a: { memory: 1GiB } }',
      '["a [31mb"]: is not a key',
    ],
    [
      "more than 32 sizes",
      `ceiling: 99GiB\nsizes: {${Array.from({ length: 33 }, (_, i) => `s${i}: { memory: ${i + 1}GiB }`)}}`,
      "sizes: has 33 sizes; a catalogue has at most 32",
    ],
    ["a circle", "ceiling: 4GiB\nsizes: &s { a: *s }", "refers to an anchor inside of itself"],
    [
      "many aliases",
      `a: &a [${"x,".repeat(9)}]\nb: &b [${"*a,".repeat(50)}]\nc: &c [${"*b,".repeat(50)}]\nd: [${"*c,".repeat(50)}]`,
      "write the sizes out, without anchors",
    ],
    ["deep nesting", "[".repeat(50_000), "catalogue.yaml is not "],
  ])("exits with 2 for %s", async (_, content, message) => {
    const path = fileOf(content);
    const { code, out, error } = await commandLine(["sizes", "check", path]);
    expect({ code, out, error }).toEqual({ code: 2, out: "", error: expect.stringContaining(message) });
    expect(error.length).toBeLessThan(2000);
  });

  test("finds all that is wrong at once", async () => {
    const path = fileOf(
      "stp: 1GiB\nceiling: big\nallowUnplug: 1\nsizes: { a: { memory: 0, vcpus: x }, 'b c': {}, d: }",
    );
    const { error } = await commandLine(["sizes", "check", path]);
    for (const property of [
      "stp",
      "ceiling",
      "allowUnplug",
      "sizes.a.memory",
      "sizes.a.vcpus",
      'sizes["b c"]',
      "sizes.d",
    ])
      expect(error).toContain(`  ${property}: `);
  });

  test.each(["2", "1"])("writes no sizes that a program could use, if it exits with %s", async (expected) => {
    const wrong = { 1: "memorySlots: 1", 2: "memorySlots: 0" }[expected];
    const { code, out } = await commandLine(["sizes", "check", "--json", fileOf(`${wrong}\n${GOOD}`)]);
    expect(code).toBe(Number(expected));
    if (code === 2) expect(out).toBe("");
    else {
      const printed = JSON.parse(out);
      expect(printed).toMatchObject({ accepted: false, failures: [{ property: "memorySlots" }] });
      expect(printed).not.toHaveProperty("sizes");
    }
  });

  test.each([`---\n${GOOD}`, `${GOOD}---\n`, `---\n---\n${GOOD}...\n`])(
    "reads a document between markers",
    async (content) => {
      expect(await commandLine(["sizes", "check", fileOf(content)])).toMatchObject({ code: 0, error: "" });
    },
  );

  test("accepts the ceiling of a large host, with the CPU that the message names", async () => {
    const path = fileOf("ceiling: 2TiB\ncpu: host-passthrough\nsizes: { a: { memory: 1GiB } }");
    expect(await commandLine(["sizes", "check", path])).toMatchObject({ code: 0, error: "" });
    const { out } = await commandLine(["sizes", "check", "--json", path]);
    expect(JSON.parse(out)).toMatchObject({ sizes: { a: { cpu: "host-passthrough" } } });
  });

  test("takes sizes from an anchor and merges them", async () => {
    const path = fileOf(
      "ceiling: 8GiB\nsizes:\n  a: &a { memory: 1GiB, vcpus: 2 }\n  b: { <<: *a, memory: 2GiB }\n",
    );
    expect(await commandLine(["sizes", "check", path])).toMatchObject({ code: 0, error: "" });
  });

  test.each([
    ["/nowhere/catalogue.yaml", "ENOENT"],
    [folder, "EISDIR"],
    ["/dev/zero", "is larger than 4 MiB"],
  ])("exits with 2 for %s", async (path, message) => {
    const { code, error } = await commandLine(["sizes", "check", path]);
    expect([code, error]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe("sizes suggest", () => {
  test("prints a catalogue that check accepts, with the nearest size of each VM", async () => {
    const fleet = fileOf(
      "- { name: web-1, memory: 3GiB, vcpus: 2 }\n- { name: web-2, memory: 1003MiB }\n- { name: db-1, memory: 66GiB, vcpus: 8 }\n- { name: db-2, memory: 67GiB, vcpus: 8 }\n",
      "vms.yaml",
    );
    const { code, out, error } = await commandLine(["sizes", "suggest", fleet]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toContain(`# web-1  3 GiB, 2 vCPUs    medium
# web-2  1003 MiB, 1 vCPU  small (+21 MiB)
# db-1   66 GiB, 8 vCPUs   large
# db-2   67 GiB, 8 vCPUs   xlarge (+1 GiB)
step: 512MiB
`);
    expect(await commandLine(["sizes", "check", fileOf(out)])).toMatchObject({ code: 0 });
    const json = await commandLine(["sizes", "suggest", fleet, "--json", "--count", "2"]);
    expect(JSON.parse(json.out)).toMatchObject({
      catalogue: { sizes: { small: { vcpus: 2 }, medium: { memory: "67GiB", vcpus: 8 } } },
      vms: [
        { name: "web-1", size: "small" },
        { name: "web-2" },
        { name: "db-1", size: "medium" },
        { name: "db-2" },
      ],
    });
  });

  test.each([
    ["[]", "has no VM"],
    ["web-1", "must be a list of VMs with their sizes"],
    ["[{ memory: 1GiB }, { memory: 0, cpus: 3 }]", "[1].memory: must be greater than 0"],
    ["[{ memory: 1GiB }, { memory: 0, cpus: 3 }]", '[1].cpus: is not a key of a VM; did you mean "vcpus"?'],
    ["{ web-1: 3GiB }", '["web-1"]: must be an object with memory and vcpus'],
    ["[{ memory: 1GiB, vcpus: 300 }]", "sizes.small.vcpus: is 300, above 255"],
    ['[{ name: "", memory: 1GiB }]', "[0].name: is not a name: it must have a character that can be printed"],
    ['{ " ": { memory: 1GiB } }', '[" "]: is not a name: it must have a character that can be printed'],
    [
      '[{ name: "\\e\\u200b", memory: 1GiB }]',
      "[0].name: is not a name: it must have a character that can be printed",
    ],
    ["[{ name: 101, memory: 1GiB }]", '[0].name: must be a string; write it in quotes: "101"'],
    ["[{ name: [a], memory: 1GiB }]", '[0].name: must be a string, e.g. "web-1"'],
  ])("exits with 2 for %s", async (content, message) => {
    const { code, out, error } = await commandLine(["sizes", "suggest", fileOf(content)]);
    expect({ code, out, error }).toEqual({ code: 2, out: "", error: expect.stringContaining(message) });
  });
});

test.each([
  [["sizes"], "sizes needs check or suggest"],
  [["sizes", "chek", "x"], 'sizes needs check or suggest, not "chek"'],
  [["sizes", "check"], "sizes check needs <file>"],
  [["sizes", "check", "a", "b"], "unexpected argument: b"],
  [["sizes", "check", "a", "--count", "3"], "--count is an option of sizes suggest"],
  [["sizes", "check", "a", "--allow-plain-tcp"], "--allow-plain-tcp is an option of sizes suggest"],
  [["sizes", "check", ""], "sizes check needs <file>"],
  [["sizes", "suggest", "", "--json"], "needs either <file>, a list of VMs, or --uri, a host"],
  [["sizes", "suggest", "a", "--allow-plain-tcp"], "--allow-plain-tcp is an option for --uri"],
  [["sizes", "suggest"], "needs either <file>, a list of VMs, or --uri, a host"],
  [["sizes", "suggest", "a", "--count", "0"], '--count: "0" is not a whole number from 1 to 32'],
  [["sizes", "suggest", "a", "--step", "1"], '--step: "1" has no unit'],
])("%j is invalid usage", async (args, message) => {
  const { code, out, error } = await commandLine(args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(message);
});

describe("a long file that is invalid", () => {
  const lines = (one: (index: number) => string) =>
    Array.from({ length: 20_000 }, (_, index) => one(index)).join("");

  test.each([
    ["collections after the end", lines(() => "[]\n"), "at line 2, column 1"],
    ["closing brackets", lines(() => "]"), "at line 1, column 1"],
    ["documents", lines(() => "--- 1\n"), "has more than one YAML document"],
    ["empty documents", lines(() => "---\n"), "has more than one YAML document"],
  ])("of %s is read as far as its first error", async (_, content, message) => {
    const read = vi.spyOn(Parser.prototype, "next");
    try {
      const { code, error } = await commandLine(["sizes", "check", fileOf(content)]);
      expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(message) });
      expect(read.mock.calls.length).toBeLessThan(100);
    } finally {
      read.mockRestore();
    }
  });

  test.each([
    ["anchors of one value", lines(() => "&a "), "A node can have at most one anchor at line 1, column 4"],
    [
      "references",
      lines((index) => `- &a${index} 1\n- *a${index}\n`),
      "has more than 10000 anchors and aliases",
    ],
  ])("of %s is refused in a sentence", async (_, content, message) => {
    const { code, error } = await commandLine(["sizes", "suggest", fileOf(content)]);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(message) });
  });
});

describe("what a catalogue is read from", () => {
  const encoded = (encoding: "utf16le" | "utf8", mark: number[]) =>
    Buffer.concat([Buffer.from(mark), Buffer.from(GOOD, encoding)]);

  test.each([
    ["UTF-8 with a mark", encoded("utf8", [0xef, 0xbb, 0xbf])],
    ["UTF-16, little-endian", encoded("utf16le", [0xff, 0xfe])],
    ["UTF-16, big-endian", encoded("utf16le", [0xff, 0xfe]).swap16()],
    ["lines that end with CR LF", Buffer.from(GOOD.replaceAll("\n", "\r\n"))],
  ])("%s", async (_, content) => {
    const expected = await commandLine(["sizes", "check", fileOf(GOOD)]);
    expect(await commandLine(["sizes", "check", fileOf(content)])).toEqual(expected);
    expect(await commandLine(["sizes", "check", "-"], [content])).toEqual(expected);
    expect(catalogueFile(fileOf(content))).toEqual(catalogueFile(fileOf(GOOD)));
  });

  test("standard input is named in its errors", async () => {
    const { code, error } = await commandLine(["sizes", "check", "-"], "stp: 1GiB");
    expect([code, error]).toEqual([2, expect.stringContaining("standard input is refused:\n  stp: is not")]);
    const fleet = await commandLine(["sizes", "suggest", "-"], "- { memory: 1GiB }");
    expect(fleet).toMatchObject({ code: 0, error: "" });
  });

  test.each([
    ["a directory", () => folder, "can't be read: EISDIR"],
    ["a missing file", () => join(folder, "missing.yaml"), "can't be read: ENOENT"],
  ])("%s", async (_, path, message) => {
    const { code, out, error } = await commandLine(["sizes", "check", path()]);
    expect({ code, out, error }).toEqual({ code: 2, out: "", error: expect.stringContaining(message) });
    expect(() => catalogueFile(path())).toThrow(message);
  });
});

test.each([
  [["--ceiling", "1GiB"], "--ceiling: is 1 GiB, below the largest size that the VMs need (3 GiB); raise it"],
  [
    ["--step", "100MiB"],
    '--step: is not a multiple of 128 MiB, the smallest memory block of a Linux guest; use "128MiB"',
  ],
])("an option that doesn't suit the VMs is named: %j", async (options, message) => {
  const vms = fileOf("[{ memory: 3GiB }, { memory: 2GiB }]");
  const { code, out, error } = await commandLine(["sizes", "suggest", vms, ...options]);
  expect({ code, out, error }).toEqual({
    code: 2,
    out: "",
    error: expect.stringContaining(`  ${message}\n`),
  });
  expect(error.split("\n").length).toBe(3);
});

test("a name of a file has no escape sequences and line breaks in a message", async () => {
  const { error } = await commandLine(["sizes", "check", join(folder, "a\n\u001b[31mb.yaml")]);
  expect(error).toMatch(/^pulumi-libvirt-hotplug: [^\n]*a \[31mb\.yaml can't be read: ENOENT[^\n]*\n$/);
  expect(error).not.toContain("\u001b");
});

test("names that are whole numbers are in the order of their memory in the table and in the list of names", async () => {
  const path = fileOf(
    "ceiling: 32GiB\nsizes: { 2: { memory: 4GiB }, 10: { memory: 2GiB }, a: { memory: 1GiB } }",
  );
  const { out } = await commandLine(["sizes", "check", path]);
  expect(
    out
      .split("\n")
      .slice(0, 4)
      .map((line) => line.split(" ")[0]),
  ).toEqual(["from", "a", "10", "2"]);
  const json = JSON.parse((await commandLine(["sizes", "check", "--json", path])).out);
  expect(json.names).toEqual(["a", "10", "2"]);
  expect(Object.keys(json.sizes).toSorted()).toEqual(json.names.toSorted());
});

test("a size is named as the file has its name", async () => {
  const names = ["1.10", "010", "0x10", "1e3", "true", "null", "2024-01-01", "constructor", "toString"];
  const sizes = names.map((name, index) => `  ${name}: { memory: ${index + 1}GiB }\n`).join("");
  const path = fileOf(`ceiling: 32GiB\nsizes:\n${sizes}`);
  const { code, out } = await commandLine(["sizes", "check", "--json", path]);
  expect(code).toBe(0);
  expect(Object.keys(JSON.parse(out).sizes).toSorted()).toEqual(names.toSorted());
});

describe("references", () => {
  const vms = (count: number) =>
    `- &size { name: vm, memory: 2GiB, vcpus: 2 }\n${"- *size\n".repeat(count)}- { <<: *size, name: last }\n`;

  test.each([0, 1, 99, 100, 300, 600])("%d to one anchor are read", async (count) => {
    const { code, out, error } = await commandLine(["sizes", "suggest", "--json", fileOf(vms(count))]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(JSON.parse(out).vms.map(({ name }: { name: string }) => name)).toEqual([
      ...Array.from({ length: count + 1 }, () => "vm"),
      "last",
    ]);
  });

  test("are read as if each were written out", async () => {
    const size = fc.record({
      memory: fc.integer({ min: 1, max: 64 }),
      vcpus: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(size, fc.integer({ min: 1, max: 150 })), { minLength: 1, maxLength: 3 }),
        async (groups) => {
          const text = (referred: boolean) =>
            groups
              .flatMap(([{ memory, vcpus }, count], index) => {
                const written = `{ memory: ${memory}GiB, vcpus: ${vcpus} }`;
                return Array.from({ length: count }, (_, at) => {
                  if (!referred) return `- ${written}\n`;
                  return at === 0 ? `- &s${index} ${written}\n` : `- *s${index}\n`;
                });
              })
              .join("");
          const suggested = (content: string) => commandLine(["sizes", "suggest", "-"], content);
          expect(await suggested(text(true))).toEqual(await suggested(text(false)));
        },
      ),
      { numRuns: 10 },
    );
  });

  test.each([
    ["a list", (inner: string) => `[${`*${inner},`.repeat(10)}]`],
    ["a merged object", (inner: string) => `{ k: *${inner}, <<: [${`*${inner},`.repeat(10)}] }`],
  ])("that expand to too many values are refused: %s", async (_, outer) => {
    const levels = Array.from(
      { length: 8 },
      (_, index) => `k${index}: &a${index + 1} ${outer(`a${index}`)}\n`,
    );
    const { code, error } = await commandLine([
      "sizes",
      "suggest",
      fileOf(`a: &a0 { b: 1 }\n${levels.join("")}`),
    ]);
    expect({ code, error }).toEqual({
      code: 2,
      error: expect.stringContaining(
        "has more than 500000 values once each reference is written out; write the sizes out",
      ),
    });
  });

  test("a repeated << merges each of its objects, the first one with precedence", async () => {
    const content =
      "- &a { name: a, memory: 2GiB }\n- &b { name: b, memory: 3GiB, vcpus: 2 }\n- { <<: *a, <<: *b }\n";
    const { code, out } = await commandLine(["sizes", "suggest", "--json", fileOf(content)]);
    expect(code).toBe(0);
    expect(JSON.parse(out).vms[2]).toMatchObject({ name: "a", memory: "2GiB", vcpus: 2 });
  });
});

test("a file of more words and marks than 50,000 VMs have is refused", async () => {
  // Each comment and each end of a line counts; parsing them isn't part of the limit.
  const next = vi.spyOn(Parser.prototype, "next").mockImplementation(function* () {});
  try {
    const { code, error } = await commandLine(["sizes", "check", fileOf("#\n".repeat(1_000_001))]);
    expect({ code, error }).toEqual({
      code: 2,
      error: expect.stringContaining("has more than 2000000 words and marks, enough for 50,000 VMs"),
    });
  } finally {
    next.mockRestore();
  }
});

test.each([
  ["an anchor inside of itself", "sizes: &s { a: { <<: *s } }", "refers to an anchor inside of itself"],
  ["a merge of a number", "sizes: { a: { <<: 1 } }", '"<<" must be an object'],
])("%s is described in the terms of the file", async (_, line, message) => {
  const { code, error } = await commandLine(["sizes", "check", fileOf(`ceiling: 4GiB\n${line}\n`)]);
  expect([code, error]).toEqual([2, expect.stringContaining(message)]);
});

test("a figure that is wrong in two ways is reported once", async () => {
  const path = fileOf("ceiling: 4GiB\nsizes: { a: { memory: 1GiB, vcpus: 9007199254740993 } }");
  const { error } = await commandLine(["sizes", "check", path]);
  expect(error.split("\n").filter((line) => line.includes("vcpus:")).length).toBe(1);
});
