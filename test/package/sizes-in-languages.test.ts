import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { liveMemory } from "../support/virsh.ts";
import { firstMissing, LanguageProgram } from "./language-program.ts";

/** The first time, Python's packages are fetched, and Go compiles Pulumi's SDK for some minutes. */
const FIRST_TIME = 1_800_000;

const lab = labOfThisFile();

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/sizes.md"), "utf8");

/** The page's file of this name. */
function documented(file: string): string {
  const text = new RegExp(`^\`\`\`\\w+\n(?:#|//) ${file}\n(.*?)^\`\`\``, "ms").exec(page)?.[1];
  if (text === undefined) throw new Error(`docs/sizes.md has no ${file}`);
  return text;
}

/** The page's command that begins so, as a user types it; the package's command is that of this repository. */
function command(beginning: string): string {
  const line = page.split("\n").find((one) => one.startsWith(beginning));
  if (line === undefined) throw new Error(`docs/sizes.md has no command ${beginning}`);
  const npx = `npx() { shift; "${process.execPath}" "${root}/dist/cli/index.mjs" "$@"; }`;
  return `${npx}\n${line}`;
}

/** With every key that a size can have, except for those of the platform in YAML, which the page's program doesn't set. */
const PLATFORM = "arch: x86_64\nmachine: q35\nfirmware: bios\ncpu: maximum\n";
const LANGUAGES = [
  { language: "python", file: "__main__.py", keys: PLATFORM },
  { language: "go", file: "main.go", keys: PLATFORM },
  { language: "yaml", file: "Pulumi.yaml", keys: "" },
] as const;

test.for(LANGUAGES)(
  "docs/sizes.md: its program in $language has each argument of the size, and the next size is live",
  { timeout: FIRST_TIME },
  async ({ language, file, keys }, { skip }) => {
    const missing = await firstMissing(language);
    if (missing !== undefined) skip(`${missing} is not on PATH`);
    const program = new LanguageProgram(language, { folder: lab().dir, home: join(lab().dir, "home") });
    program.write(documented(file));
    await program.install({ "libvirt-hotplug:uri": lab().uri, "libvirt-hotplug:domainType": "qemu" });
    const catalogue = `allowUnplug: true\nwhenNotPossible: error\n${keys}${documented("catalogue.yaml")}`;
    await program.shell(`cat > catalogue.yaml <<'END'\n${catalogue}END`);
    // As in a repository whose catalogue changes: each time the command replaces what there was.
    const commands = [
      command("npx pulumi-libvirt-hotplug sizes check --json"),
      ...(language === "yaml" ? [command("pulumi config set-all"), command("pulumi config set-all")] : []),
    ];
    for (const one of commands) await program.shell(one);
    const { sizes } = JSON.parse(await program.shell("cat sizes.json"));

    const { steps } = JSON.parse(await program.pulumi("preview", "--json"));
    const planned = steps.map(({ newState }: { newState: { inputs?: object } }) => newState.inputs);
    expect(planned).toContainEqual(expect.objectContaining(sizes.medium));
    await program.pulumi("up", "--yes");
    expect(await liveMemory(lab(), "web-1")).toMatchObject({ memory: 4096 * MIB });
    const pid = lab().qemuPid("web-1");

    program.write(documented(file).replaceAll("medium", "large"));
    const preview = await program.pulumi("preview");
    expect(preview).toContain(
      "live: 4096 → 8192 MiB, 4 DIMMs of 1 GiB in slots 0–3 (12 of 16 free), no restart; vCPUs 2 → 4",
    );
    expect(lab().qemuPid("web-1")).toBe(pid);
    await program.pulumi("destroy", "--yes");
  },
);
