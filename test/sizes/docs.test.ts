import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/sizes.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "sizes-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The page's file of this name. */
function documented(name: string): string {
  const text = new RegExp(`^\`\`\`yaml\n# ${name}\n(.*?)^\`\`\``, "ms").exec(page)?.[1];
  if (text === undefined) throw new Error(`docs/sizes.md has no ${name}`);
  return text;
}

/** What the page has as the output of a command, in the order of the page; test/docs/help.test.ts compares the help. */
const outputs = [
  ...page.matchAll(/^```\n\$ npx pulumi-libvirt-hotplug (sizes (?:check|suggest)[^\n]*)\n(.*?)^```/gms),
].map(([, command = "", output = ""]) => ({ command, output }));

const catalogue = documented("catalogue.yaml");
const LARGE = `step: 1GiB
ceiling: 128GiB
sizes:
  medium: { memory: 4GiB, vcpus: 2 }
  large: { memory: 66GiB, vcpus: 8 }
  xlarge: { memory: 67GiB, vcpus: 8 }
`;
const WRONG = `stp: 1GiB
ceiling: 32GiB
sizes:
  small: { memory: 0, vcpus: 1 }
  medium: { memory: 4GiB, vcpus: 2 }
  large: { memory: 4GiB, vcpus: 2 }
`;
const contents = [catalogue, `allowUnplug: true\n${catalogue}`, LARGE, WRONG, documented("vms.yaml")];

test.each(contents.map((content, index) => ({ content, ...outputs[index] })))(
  "docs/sizes.md has the output of $command",
  async ({ content, command = "", output }) => {
    const [, action = "", name = ""] = command.split(" ");
    const path = join(folder, name);
    writeFileSync(path, content);
    const { out, error } = await commandLine(["sizes", action, path]);
    expect(`${out}${error.replaceAll(`${folder}/`, "")}`).toBe(output);
  },
);

test("each output of the page is compared", () => {
  expect(outputs.length).toBe(contents.length);
});

test("the page lists the keys of a catalogue", async () => {
  const path = join(folder, "unknown.yaml");
  writeFileSync(path, "aKeyThatIsNotOneOfThem: 1\n");
  const { error } = await commandLine(["sizes", "check", path]);
  const keys = /expected one of (.*)/.exec(error)?.[1]?.split(", ") ?? [];
  const listed = page.split("\n").flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1]?.match(/\w+/g) ?? []);
  expect(listed.toSorted()).toEqual(keys.toSorted());
});

test("the page lists the fields of the JSON of each command", async () => {
  for (const [action, content] of [
    ["check", catalogue],
    ["suggest", documented("vms.yaml")],
  ] as const) {
    const { out } = await commandLine(["sizes", action, "-", "--json"], content);
    const list = new RegExp(`^\`sizes ${action} --json\`:\n\n(.*?)\n\n`, "ms").exec(page)?.[1] ?? "";
    const json = JSON.parse(out);
    expect(list.match(/(?<=^- `)\w+/gm)).toEqual(Object.keys(json));
    for (const one of json.steps ?? json.vms)
      for (const field of Object.keys(one)) expect(list).toContain(`\`${field}\``);
  }
});
