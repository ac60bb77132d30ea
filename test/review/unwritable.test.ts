import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bundleScript } from "../../scripts/plugin/bundle.ts";
import { mixedFleet, preview } from "./fleet.ts";

/** The command in a process of its own: a call that doesn't return can only be ended with its process. */
let command = "";
beforeAll(async () => {
  command = mkdtempSync(join(tmpdir(), "command-"));
  writeFileSync(join(command, "cli.cjs"), (await bundleScript("provider/cli.ts")).code);
});
afterAll(() => rmSync(command, { recursive: true }));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "review-"));
  writeFileSync(join(folder, "preview.json"), preview(mixedFleet()));
  writeFileSync(join(folder, "file"), "earlier");
  mkdirSync(join(folder, "present"));
  mkdirSync(join(folder, "pictures/live-1.svg"), { recursive: true });
  mkdirSync(join(folder, "read-only"));
  chmodSync(join(folder, "read-only"), 0o555);
  symlinkSync("loop", join(folder, "loop"));
  symlinkSync("nowhere/file", join(folder, "dangling"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const LONGEST_RUN = 60_000;

/** Runs `review` by a line of a shell, which has it as a function. */
function shell(line: string): Promise<{ code: unknown; out: string; error: string }> {
  const script = `review() { "${process.execPath}" "${join(command, "cli.cjs")}" review preview.json "$@"; }\n${line}`;
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: LONGEST_RUN };
    execFile("bash", ["-c", script], options, (failure, out, error) => {
      resolve({ code: failure === null ? 0 : (failure.code ?? failure.signal), out, error });
    });
  });
}

function everything(): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

async function refuses(line: string, named: string): Promise<void> {
  const before = everything();
  const { code, out, error } = await shell(line);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toMatch(/^pulumi-libvirt-hotplug: [^\n]+\n$/);
  expect(error).toContain(named);
  expect(error).toContain("can't be written: ");
  expect(error).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
  expect(everything()).toEqual(before);
  expect(execFileSync("cat", [join(folder, "file")], { encoding: "utf8" })).toBe("earlier");
}

const FOLDERS = [
  "/proc/maps",
  "/proc/a/b",
  "/sys/maps",
  "/dev/full",
  "/dev/null/maps",
  "file",
  "file/maps",
  "new/../file/maps",
  "loop",
  "loop/maps",
  "dangling",
  "pictures",
];
const FILES = [
  "nowhere/comment.md",
  "/proc/comment.md",
  "/sys/comment.md",
  "/dev/full",
  "file/comment.md",
  "file/",
  "new/",
  "present",
  ".",
  "loop",
  "dangling",
];

describe("a review that can't be written is exit code 2, in a sentence, and leaves nothing", () => {
  test.each(FOLDERS)("--svg %s", async (path) => {
    await refuses(`review --svg "${path}"`, `--svg: "${path}`);
  });

  test.each(FOLDERS)("--svg %s, with a file that can be", async (path) => {
    await refuses(`review --svg "${path}" --output file`, `--svg: "${path}`);
  });

  test.each(FILES)("--output %s", async (path) => {
    await refuses(`review --output "${path}"`, `--output: "${path}"`);
  });

  test.each(FILES)("--output %s, with pictures that can be", async (path) => {
    await refuses(`review --output "${path}" --svg a/new/folder`, `--output: "${path}"`);
  });

  test.each(["", "--svg a/new/folder"])("standard output that is full: %s", async (args) => {
    await refuses(`review ${args} > /dev/full`, "standard output");
  });

  test("a disk that is full in the middle of a text keeps the earlier file", async () => {
    await refuses("ulimit -f 1; review --output file", `--output: "file"`);
    await refuses("ulimit -f 1; review --output new.md --svg maps", `"`);
  });

  test.skipIf(process.getuid?.() === 0)("a read-only folder, for any user except root", async () => {
    await refuses("review --svg read-only", `--svg: "read-only`);
    await refuses("review --svg read-only/maps", `--svg: "read-only/maps"`);
    await refuses("review --output read-only/comment.md --svg maps", `--output: "read-only/comment.md"`);
  });
});

test("a reader that closes standard output before the end is no error", async () => {
  expect(await shell("exec 3> >(true); wait $!; review >&3")).toEqual({ code: 0, out: "", error: "" });
});

test("a file whose name is as long as a name can be", async () => {
  const name = "n".repeat(255);
  expect(await shell(`review --output ${name}`)).toEqual({ code: 0, out: "", error: "" });
  expect(existsSync(join(folder, name))).toBe(true);
});
