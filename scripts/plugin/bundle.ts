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
  let code: string | undefined;
  const modules = new Set<string>();
  await build({
    config: false,
    cwd: root,
    entry: { plugin: "provider/plugin/main.ts" },
    format: "cjs",
    write: false,
    dts: false,
    platform: "node",
    target,
    minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
    deps: { alwaysBundle: [/.*/], onlyBundle: false },
    plugins: [
      {
        name: "collect",
        generateBundle: (_, bundle) => {
          const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
          for (const id of chunks.flatMap(({ moduleIds }) => moduleIds)) modules.add(id);
          if (chunks.length !== 1) throw new Error(`the plugin has ${chunks.length} scripts instead of one`);
          code = chunks[0]?.code;
        },
      },
    ],
    hash: false,
    logLevel: "warn",
    checks: { pluginTimings: false, legacyCjs: false },
    report: false,
  });
  if (code === undefined) throw new Error("the plugin has no script");
  return { code, licences: await thirdPartyLicences(modules) };
}
