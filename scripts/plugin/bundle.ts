import { join } from "node:path";
import { build } from "tsdown";
import { thirdPartyLicences } from "./licences.ts";

const root = join(import.meta.dirname, "../..");

export interface Bundle {
  code: string;
  /** Of the packages in it. */
  licences: string;
}

/** The plugin and everything that it needs besides Node, as one CommonJS script. */
export async function bundlePlugin(target: string): Promise<Bundle> {
  const { code, modules } = await bundleScript("provider/plugin/main.ts", target);
  return { code, licences: await thirdPartyLicences(modules) };
}

/** A module and everything that it needs besides Node, as one CommonJS script; `modules`: what is in it. */
export async function bundleScript(
  entry: string,
  target?: string,
): Promise<{ code: string; modules: Set<string> }> {
  let code: string | undefined;
  const modules = new Set<string>();
  await build({
    config: false,
    cwd: root,
    entry: { script: entry },
    format: "cjs",
    write: false,
    clean: false,
    dts: false,
    platform: "node",
    ...(target !== undefined && { target }),
    minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
    deps: { alwaysBundle: [/.*/], onlyBundle: false },
    plugins: [
      {
        name: "collect",
        generateBundle: (_, bundle) => {
          const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
          for (const id of chunks.flatMap(({ moduleIds }) => moduleIds)) modules.add(id);
          if (chunks.length !== 1) throw new Error(`${entry} has ${chunks.length} scripts instead of one`);
          code = chunks[0]?.code;
        },
      },
    ],
    hash: false,
    logLevel: "warn",
    checks: { pluginTimings: false, legacyCjs: false },
    report: false,
  });
  if (code === undefined) throw new Error(`${entry} has no script`);
  return { code, modules };
}
