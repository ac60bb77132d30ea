import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import manifest from "../../package.json" with { type: "json" };

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const { version } = manifest;

export type Language = "yaml" | "python" | "go" | "typescript";

interface LanguageOfExample {
  /** What has to be on PATH. */
  needs: string[];
  /** The file of the program. */
  file: string;
  /** Adds the code that `pulumi import` generated to the program. */
  add(program: string, generated: string): string;
}

const LANGUAGES: Record<Language, LanguageOfExample> = {
  yaml: {
    needs: ["pulumi", "pulumi-language-yaml"],
    file: "Pulumi.yaml",
    add: (program, generated) => program.replace(/^resources:\n/m, generated),
  },
  python: {
    needs: ["pulumi", "pulumi-language-python", "python3"],
    file: "__main__.py",
    add: (program, generated) => program + generated.replace(/^import .*\n/gm, ""),
  },
  go: {
    needs: ["pulumi", "pulumi-language-go", "go"],
    file: "main.go",
    add: (program, generated) => {
      const [, resource = ""] = /Context\) error \{\n(.*?)\t\treturn nil\n/s.exec(generated) ?? [];
      // The program has declared `err` already.
      const added = resource.replace("err := ", "err = ");
      return program.replace("\t\treturn nil\n", `${added}\t\treturn nil\n`);
    },
  },
  typescript: {
    needs: ["pulumi", "pulumi-language-nodejs", "npm"],
    file: "index.ts",
    add: (program, generated) =>
      `import * as libvirt_hotplug from "pulumi-libvirt-hotplug-sdk";\n${program}${generated.replace(/^import .*\n/gm, "")}`,
  },
};

export const ALL_LANGUAGES = Object.keys(LANGUAGES) as Language[];

/** The first program that a language needs and that isn't on PATH. */
export async function firstMissing(language: Language): Promise<string | undefined> {
  for (const program of LANGUAGES[language].needs) {
    const found = await run("sh", ["-c", `command -v ${program}`]).then(
      () => true,
      () => false,
    );
    if (!found) return program;
  }
  return undefined;
}

/** A copy of a language's example as a stack, which the Pulumi CLI drives with the plugin from its tarball. */
export class LanguageProgram {
  readonly #language: Language;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  /** `home`: for PULUMI_HOME, which programs may share. */
  constructor(language: Language, { folder, home }: { folder: string; home: string }) {
    this.#language = language;
    this.#folder = join(folder, language);
    const state = join(folder, `${language}.state`);
    cpSync(join(root, "examples", language), this.#folder, { recursive: true });
    mkdirSync(state);
    this.#env = {
      ...process.env,
      // The plugin and the program run on this Node.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      GOFLAGS: "-mod=mod",
      npm_config_prefer_offline: "true",
    };
  }

  /** Does what the README of the example says, up to the first `pulumi up`. */
  async install(config: Record<string, string>): Promise<void> {
    const file = join(root, `release/pulumi-resource-libvirt-hotplug-v${version}-linux-amd64.tar.gz`);
    await this.pulumi(
      "plugin",
      "install",
      "resource",
      "libvirt-hotplug",
      version,
      "--file",
      file,
      "--reinstall",
    );
    await this.pulumi("stack", "init", "dev");
    const settings = Object.entries(config).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
    await this.pulumi("config", "set-all", ...settings);
    if (this.#language !== "yaml") await this.pulumi("package", "add", `libvirt-hotplug@${version}`);
  }

  /** Replaces the program. */
  write(program: string): void {
    this.#change(() => program);
  }

  /** What commands of a shell write, in the folder of the program. */
  async shell(commands: string): Promise<string> {
    const { stdout } = await run("sh", ["-ec", commands], { cwd: this.#folder, env: this.#env });
    return stdout;
  }

  /** What the CLI writes; rejects with it if the CLI fails. */
  async pulumi(...args: string[]): Promise<string> {
    const common = ["--non-interactive", "--color", "never"];
    const options = { cwd: this.#folder, env: this.#env, maxBuffer: 2 ** 26 };
    const running = run("pulumi", [...args, ...common], options);
    const { stdout } = await running.catch((error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
    });
    return stdout;
  }

  /** Replaces the only occurrence of a text in the program. */
  edit(from: string, to: string): void {
    this.#change((program) => {
      if (program.split(from).length !== 2) throw new Error(`${from} isn't once in the program:\n${program}`);
      return program.replace(from, to);
    });
  }

  /** Sets the only number of an argument in the program, as each language writes it. */
  setNumber(argument: string, value: number): void {
    const written = new RegExp(`(\\b${argument}\\W+(?:pulumi\\.Int\\()?)\\d+`, "gi");
    this.#change((program) => {
      if (program.match(written)?.length !== 1)
        throw new Error(`${argument} isn't once in the program:\n${program}`);
      return program.replace(written, `$1${value}`);
    });
  }

  /** Makes an existing domain a resource of the stack, and adds to the program what the CLI generates for it. */
  async import(name: string, id: string): Promise<void> {
    const generated = join(this.#folder, "generated");
    const type = "libvirt-hotplug:index:Domain";
    await this.pulumi("import", type, name, id, "--yes", "--protect=false", "--out", generated);
    this.#change((program) => LANGUAGES[this.#language].add(program, readFileSync(generated, "utf8")));
  }

  #change(change: (program: string) => string): void {
    const file = join(this.#folder, LANGUAGES[this.#language].file);
    const program = readFileSync(file, "utf8");
    const changed = change(program);
    if (changed === program) throw new Error(`${file} is unchanged:\n${program}`);
    writeFileSync(file, changed);
  }
}
