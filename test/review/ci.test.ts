import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { markOf } from "../../provider/review/comment-mark.ts";
import { bundleScript } from "../../scripts/plugin/bundle.ts";

const ROOT = join(import.meta.dirname, "../..");
const RECORDED = join(import.meta.dirname, "recorded/plugin");

/** The command in one script, which starts many times as fast as its sources do. */
let command = "";
beforeAll(async () => {
  command = mkdtempSync(join(tmpdir(), "command-"));
  const { code } = await bundleScript("provider/cli.ts");
  writeFileSync(join(command, "cli.cjs"), code);
});
afterAll(() => rmSync(command, { recursive: true }));

let runner = "";
beforeEach(() => {
  runner = mkdtempSync(join(tmpdir(), "runner-"));
  mkdirSync(join(runner, "bin"));
  program("npm", "");
  program("pulumi", `echo "$@" >> pulumi.calls; cat recorded.json; test ! -f preview.fails`);
  // What npx finds is the command of this repository.
  program("npx", `shift 4; exec "${process.execPath}" "${join(command, "cli.cjs")}" "$@"`);
});
afterEach(() => rmSync(runner, { recursive: true }));

/** A program on the runner's PATH. */
function program(name: string, script: string): void {
  writeFileSync(join(runner, "bin", name), `#!/bin/bash\n${script}\n`);
  chmodSync(join(runner, "bin", name), 0o755);
}

function pulumiCalls(): string[] {
  return readFileSync(join(runner, "pulumi.calls"), "utf8").trim().split("\n");
}

/** The calls of a job whose program isn't in the folder that has the package. */
const CALLS_WITH_PLUGIN = [
  `plugin install resource libvirt-hotplug ${manifest.version} --file review/node_modules/pulumi-libvirt-hotplug/dist/plugin`,
  "install --cwd infra",
  "preview --cwd infra --stack prod --json",
];

function previewIs(name: string): void {
  copyFileSync(join(RECORDED, name), join(runner, "recorded.json"));
}

interface Finished {
  code: number;
  log: string;
}

/** Runs a script as a CI's shell does. */
function shell(args: string[], script: string, env: Record<string, string>): Promise<Finished> {
  const path = `${join(runner, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`;
  return new Promise((resolve) => {
    execFile(
      "bash",
      [...args, script],
      { cwd: runner, env: { PATH: path, ...env } },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), log: stdout + stderr }),
    );
  });
}

interface Comment {
  id: number;
  body: string;
}

/**
 * Runs a job twice for each of two stacks, of which one's name begins with the other's.
 *
 * @param run gives the comments after it
 */
async function twoStacks(
  run: (variables: Record<string, string>) => Promise<Comment[]>,
  ids: number[],
): Promise<void> {
  const [one, other] = ["my-org/prod", "my-org/prod-2"];
  previewIs("preview.json");
  await run({ STACK: other });
  const first = await run({ STACK: one });
  expect(first.map(({ id }) => id)).toEqual(ids);
  const marked = (comments: Comment[]) => comments.slice(1).map(({ body }) => body.split("\n", 1)[0]);
  expect(marked(first)).toEqual([markOf(other), markOf(one)]);
  previewIs("nothing.json");
  await run({ STACK: one });
  previewIs("refused.json");
  const last = await run({ STACK: other });
  expect(last.map(({ id }) => id)).toEqual(ids);
  expect(marked(last)).toEqual([markOf(other), markOf(one)]);
  expect(last[1]?.body).toContain(`### libvirt domains of \`${other}\`: 1 refused`);
  expect(last[1]?.body).toContain("**Since the last comment**");
  expect(last[2]?.body).toContain(`No libvirt domain of \`${one}\` changes.`);
}

const TOKEN = "glpat-never-in-a-log";

/** Expects a job to fail with its preview, whose output doesn't have why. */
async function failsWithPreview(runJob: () => Promise<Finished>): Promise<void> {
  previewIs("nothing.json");
  writeFileSync(join(runner, "preview.fails"), "");
  const { code, log } = await runJob();
  expect(code).toBe(1);
  expect(log).toContain("pulumi preview failed");
}

describe("examples/ci/github-actions.yml", () => {
  interface Step {
    name?: string;
    id?: string;
    uses?: string;
    with?: Record<string, string | number | boolean>;
    run?: string;
    env?: Record<string, string>;
  }
  const workflow = parse(readFileSync(join(ROOT, "examples/ci/github-actions.yml"), "utf8"));
  const job = workflow.jobs.review as { env: Record<string, string>; steps: Step[] };

  /** What GitHub puts in place of an expression. */
  const EXPRESSIONS: Record<string, () => string> = {
    "secrets.PULUMI_ACCESS_TOKEN": () => TOKEN,
    "secrets.PULUMI_CONFIG_PASSPHRASE": () => TOKEN,
    "github.token": () => TOKEN,
    "github.event.pull_request.number": () => "7",
    "steps.review.outputs.code": () => output("code"),
    "steps.preview.outputs.preview": () => output("preview"),
  };

  function output(name: string): string {
    const written = readFileSync(join(runner, "output"), "utf8").split("\n");
    return written.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  }

  function value(text: string): string {
    return text.replace(/\$\{\{ (.*?) \}\}/g, (_, name: string) => {
      const expression = EXPRESSIONS[name];
      if (expression === undefined) throw new Error(`the test has no value for ${name}`);
      return expression();
    });
  }

  /** Runs every shell step of the job, in order, until one fails. */
  async function runJob(variables: Record<string, string> = {}): Promise<Finished> {
    writeFileSync(join(runner, "output"), "");
    let log = "";
    for (const { run, env = {} } of job.steps) {
      if (run === undefined) continue;
      const own = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, value(text)]));
      const given = { GITHUB_REPOSITORY: "team/infra", GITHUB_OUTPUT: join(runner, "output") };
      const shellArgs = ["--noprofile", "--norc", "-eo", "pipefail", "-c"];
      const finished = await shell(shellArgs, run, { ...job.env, ...variables, ...given, ...own });
      log += finished.log;
      if (finished.code !== 0) return { code: finished.code, log };
    }
    return { code: 0, log };
  }

  /** GitHub's comments are files by their number; the CLI's own jq isn't there. */
  beforeEach(() => {
    mkdirSync(join(runner, "comments"));
    program(
      "gh",
      `echo "$@" >> gh.calls
body=""; method=GET; path=""; filter=""
while [ $# -gt 0 ]; do
  case "$1" in
    --method) method="$2"; shift ;;
    --field) body="\${2#body=@}"; shift ;;
    --jq) filter="$2"; shift ;;
    --*|api) ;;
    *) path="$1" ;;
  esac
  shift
done
case "$method" in
  GET)
    case "$filter" in *'select(.body | startswith(env.MARK))'*) ;; *) exit 64 ;; esac
    for file in comments/*; do
      case "$(cat "$file")" in "$MARK"*) echo "\${file#comments/}" ;; esac
    done ;;
  POST) cp "$body" "comments/$((100 + $(ls comments | wc -l)))" ;;
  PATCH) cp "$body" "comments/\${path##*/}" ;;
esac`,
    );
    writeFileSync(join(runner, "comments/55"), "a comment of a person");
  });

  test("has no expression in a script, which a pull request's texts could get into", () => {
    for (const { run } of job.steps) expect(run ?? "").not.toContain("${{");
  });

  test("pins each action to a commit, and Pulumi to a version", () => {
    const uses = readFileSync(join(ROOT, "examples/ci/github-actions.yml"), "utf8").match(/uses: .*/g) ?? [];
    expect(uses.length).toBeGreaterThanOrEqual(5);
    for (const action of uses) expect(action).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const pulumi = job.steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"));
    expect(pulumi?.with?.["pulumi-version"]).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("installs the plugin for a program of another folder", async () => {
    previewIs("nothing.json");
    expect((await runJob({ PROJECT: "infra", PACKAGE: "review" })).code).toBe(0);
    expect(pulumiCalls()).toEqual(CALLS_WITH_PLUGIN);
  });

  test("comments, annotates, and fails for an outcome of FAIL_ON", async () => {
    previewIs("preview.json");
    const { code, log } = await runJob();
    expect(code).toBe(1);
    const comment = readFileSync(join(runner, "comments/101"), "utf8");
    expect(comment).toMatch(/### libvirt domains of `prod`: 1 replace, 1 delete, 1 restart/);
    expect(log).toMatch(/^::error .*title=web-2::replace/m);
    expect(log).not.toContain(TOKEN);
    expect(log).not.toContain("__observed");
    expect(pulumiCalls()).toEqual(["preview --cwd . --stack prod --json"]);
    expect(readFileSync(join(runner, "comments/55"), "utf8")).toBe("a comment of a person");
  });

  test("updates its comment, with what is different", async () => {
    previewIs("preview.json");
    await runJob();
    previewIs("refused.json");
    writeFileSync(join(runner, "preview.fails"), "");
    expect((await runJob()).code).toBe(1);
    const comment = readFileSync(join(runner, "comments/101"), "utf8");
    expect(comment).toContain("**Since the last comment**");
    expect(comment).toMatch(/- `batch-1`: now refused: .* \(was restart, 1024 → 1100 MiB\)/);
    previewIs("nothing.json");
    rmSync(join(runner, "preview.fails"));
    expect((await runJob()).code).toBe(0);
    expect(readFileSync(join(runner, "comments/101"), "utf8")).toContain(
      "No libvirt domain of `prod` changes.",
    );
    expect(existsSync(join(runner, "comments/102"))).toBe(false);
  });

  test("has a comment for each stack, and updates it", async () => {
    await twoStacks(
      async (variables) => {
        await runJob(variables);
        const numbers = readdirSync(join(runner, "comments"))
          .map(Number)
          .sort((a, b) => a - b);
        return numbers.map((id) => ({ id, body: readFileSync(join(runner, `comments/${id}`), "utf8") }));
      },
      [55, 101, 102],
    );
  });

  test("keeps the review of each stack for its own next run", () => {
    const caches = job.steps.filter(({ uses }) => uses?.startsWith("actions/cache/"));
    expect(caches).toHaveLength(2);
    // The names of stacks don't have "@": what restores "prod@" doesn't restore "prod-2@".
    for (const { with: given } of caches)
      expect(given?.key).toContain(`-\${{ env.STACK }}@\${{ github.run_id }}`);
    expect(caches[0]?.with?.["restore-keys"]).toMatch(/-\$\{\{ env\.STACK \}\}@$/);
  });

  test("fails with the preview, also where its output doesn't have why", async () => {
    await failsWithPreview(runJob);
    expect(existsSync(join(runner, "comments/101"))).toBe(true);
  });

  test("fails without a comment where the preview can't be reviewed", async () => {
    writeFileSync(join(runner, "recorded.json"), "error: no stack named 'prod' found");
    const { code, log } = await runJob();
    expect(code).toBe(2);
    expect(log).toContain('"preview.json" is not JSON');
    expect(existsSync(join(runner, "comments/101"))).toBe(false);
  });
});

describe("examples/ci/gitlab-ci.yml", () => {
  const job = parse(readFileSync(join(ROOT, "examples/ci/gitlab-ci.yml"), "utf8")).review as {
    image: string;
    rules: { if: string }[];
    variables: Record<string, string>;
    script: string[];
  };

  let notes: Comment[] = [];
  let tokens: unknown[] = [];

  /** The body of a form as curl sends it. */
  async function formBody(request: IncomingMessage): Promise<string> {
    const whole = await text(request);
    return /name="body"\r\n(?:[^\r]+\r\n)*\r\n(.*)\r\n--/s.exec(whole)?.[1] ?? "";
  }

  async function runJob(variables: Record<string, string> = {}): Promise<Finished> {
    const server = createServer(async (request, response) => {
      tokens.push(request.headers["private-token"]);
      const [, id] =
        /\/projects\/3\/merge_requests\/7\/notes(?:\/(\d+))?(?:\?.*)?$/.exec(request.url ?? "") ?? [];
      if (request.method === "POST") notes.push({ id: 900 + notes.length, body: await formBody(request) });
      if (request.method === "PUT") {
        const body = await formBody(request);
        notes = notes.map((note) => (note.id === Number(id) ? { ...note, body } : note));
      }
      response.end(JSON.stringify(notes));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      // The runner puts all lines of the script into one shell.
      const script = `set -eo pipefail\n${job.script.join("\n")}`;
      return await shell(["-c"], script, {
        ...job.variables,
        ...variables,
        ...{ CI_API_V4_URL: `http://127.0.0.1:${port}/api/v4`, CI_PROJECT_ID: "3" },
        ...{ CI_MERGE_REQUEST_IID: "7", REVIEW_TOKEN: TOKEN },
      });
    } finally {
      server.close();
    }
  }

  beforeEach(({ skip }) => {
    if (spawnSync("curl", ["--version"]).error !== undefined) skip("curl isn't installed");
    notes = [{ id: 55, body: "a note of a person" }];
    tokens = [];
  });

  test("pins its image, and doesn't run with the code of a fork", () => {
    expect(job.image).toMatch(/^[\w/-]+:\d+\.\d+\.\d+$/);
    const sameProject = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID";
    for (const rule of job.rules) expect(rule.if).toContain(sameProject);
  });

  test("installs the plugin for a program of another folder", async () => {
    previewIs("nothing.json");
    expect((await runJob({ PROJECT: "infra", PACKAGE: "review" })).code).toBe(0);
    expect(pulumiCalls()).toEqual(CALLS_WITH_PLUGIN);
  });

  test("writes a note, updates it, and fails for an outcome of FAIL_ON", async () => {
    previewIs("preview.json");
    const first = await runJob();
    expect(first.code).toBe(1);
    expect(notes.map(({ id }) => id)).toEqual([55, 901]);
    expect(notes[1]?.body).toMatch(/### libvirt domains of `prod`: 1 replace, 1 delete, 1 restart/);
    expect(first.log).not.toContain(TOKEN);
    expect(first.log).not.toContain("__observed");
    expect(existsSync(join(runner, "curl.conf"))).toBe(false);
    previewIs("nothing.json");
    const second = await runJob();
    expect(second.code).toBe(0);
    expect(notes.map(({ id }) => id)).toEqual([55, 901]);
    expect(notes[1]?.body).toContain("No libvirt domain of `prod` changes.");
    expect(new Set(tokens)).toEqual(new Set([TOKEN]));
  });

  test("has a note for each stack, and updates it", async () => {
    await twoStacks(
      async (variables) => {
        await runJob(variables);
        return notes;
      },
      [55, 901, 902],
    );
  });

  test("fails with the preview, also where its output doesn't have why", async () => {
    await failsWithPreview(runJob);
    expect(notes).toHaveLength(2);
  });

  test("fails without a note where the preview can't be reviewed", async () => {
    writeFileSync(join(runner, "recorded.json"), "error: no stack named 'prod' found");
    const { code, log } = await runJob();
    expect(code).toBe(2);
    expect(log).toContain('"preview.json" is not JSON');
    expect(notes).toHaveLength(1);
  });
});
