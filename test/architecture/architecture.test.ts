import { globSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { imports, isAllowed, root } from "./imports.ts";
import { MAY_IMPORT } from "./may-import.ts";
import { PLAN_GROUND, PLAN_MAY_IMPORT } from "./plan-may-import.ts";

const rooms = Object.keys(MAY_IMPORT);

test("every wait uses provider/deadline.ts: nothing else reads the time or sets a timer", () => {
  const timing = /\b(Date\.now|performance\.now|setTimeout|node:timers)/;
  const files = globSync("provider/**/*.ts", { cwd: root }).filter((file) => file !== "provider/deadline.ts");
  expect(files.filter((file) => timing.test(readFileSync(join(root, file), "utf8")))).toEqual([]);
});

describe("each room imports only what the design allows it", () => {
  test.each(rooms)("%s", (room) => {
    const inner = rooms.filter((other) => other.startsWith(`${room}/`));
    const files = globSync(`${room}/**/*.ts`, { cwd: root }).filter(
      (file) => !inner.some((other) => file.startsWith(`${other}/`)),
    );
    expect(files.length).toBeGreaterThan(0);
    const found = files.flatMap(imports);
    expect(found.filter((one) => !isAllowed(room, one))).toEqual([]);
  });

  test("of what programs import only the sizes load the provider", () => {
    const found = globSync("sdk/{*,args/**/*}.ts", { cwd: root })
      .flatMap(imports)
      .filter(({ from }) => from.startsWith("provider/"));
    expect(new Set(found.map(({ file }) => file))).toEqual(new Set(["sdk/sizes.ts"]));
  });

  test("nothing imports the plugin", () => {
    const files = globSync("{provider,sdk}/**/*.ts", { cwd: root }).filter(
      (file) => !file.startsWith("provider/plugin/"),
    );
    const found = files.flatMap(imports).filter(({ from }) => from.startsWith("provider/plugin/"));
    expect(found).toEqual([]);
  });

  test("the plugin loads nothing of Pulumi's SDK but the messages of its protocol", () => {
    const files = ["provider/plugin/*.ts", "provider/engine/*.ts"].flatMap((glob) =>
      globSync(glob, { cwd: root }),
    );
    const modules = files.flatMap((file) =>
      [
        ...readFileSync(join(root, file), "utf8").matchAll(/^import (?!type).*? from "(@pulumi[^"]*)";/gms),
      ].map(([, name]) => name),
    );
    expect(modules.length).toBeGreaterThan(5);
    expect(modules.filter((name) => !/^@pulumi\/pulumi\/proto\/\w+_pb\.js$/.test(name ?? ""))).toEqual([]);
    // Nor do the files that it shares with the dynamic host.
    const shared = globSync("{provider,sdk/dynamic-type.ts,sdk/secret-arguments.ts}{,/**/*.ts}", {
      cwd: root,
    });
    const rootOfSdk = /^import (?!type)[^;]*? from "@pulumi\/pulumi";/m;
    expect(
      shared.filter((file) => /\.ts$/.test(file) && rootOfSdk.test(readFileSync(join(root, file), "utf8"))),
    ).toEqual([]);
  });

  test("inside update an action knows neither the loop, nor what is recorded", () => {
    const files = globSync("provider/update/actions/*.ts", { cwd: root });
    const above = ["run-update", "run-step", "record-outputs", "require-memory"];
    const forbidden = above.map((name) => `provider/update/${name}.ts`);
    expect(files.length).toBeGreaterThan(7);
    expect(files.flatMap(imports).filter(({ from }) => forbidden.includes(from))).toEqual([]);
  });

  test("every room has its rule", () => {
    const folders = globSync("provider/*/", { cwd: root }).map((folder) =>
      normalize(folder).replace(/\/$/, ""),
    );
    expect(folders.filter((folder) => !rooms.includes(folder))).toEqual([]);
  });

  test.each(Object.keys(PLAN_MAY_IMPORT))("%s", (room) => {
    const found = globSync(`${room}/*.ts`, { cwd: root }).flatMap(imports);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((one) => !isAllowed(room, one, PLAN_MAY_IMPORT))).toEqual([]);
  });

  test("every room of the planner has its rule, and the planner's ground stands on no room", () => {
    const folders = globSync("provider/plan/*/", { cwd: root }).map((folder) =>
      normalize(folder).replace(/\/$/, ""),
    );
    expect(folders.sort()).toEqual(Object.keys(PLAN_MAY_IMPORT).sort());
    const ground = PLAN_GROUND.filter((file) => file.startsWith("provider/plan/"));
    const found = ground.flatMap(imports);
    expect(found.filter((one) => !isAllowed("", one, { "": PLAN_GROUND }))).toEqual([]);
  });

  test("the planner has one wiring: outside of provider/plan only planUpdate plans", () => {
    const files = globSync("provider/**/*.ts", { cwd: root }).filter(
      (file) => !file.startsWith("provider/plan/"),
    );
    const importers = files.filter((file) =>
      imports(file).some(({ from }) => from === "provider/plan/plan-memory.ts"),
    );
    expect(importers).toEqual([]);
  });

  test("what decides does no I/O: plan reads no clock, file, network or random number", () => {
    const impure =
      /\b(Date|Math\.random|process\.|fetch\(|console\.|setTimeout|performance|globalThis|async|await)/;
    for (const file of globSync("provider/plan/**/*.ts", { cwd: root })) {
      const code = readFileSync(join(root, file), "utf8").replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
      expect(code, file).not.toMatch(impure);
    }
  });
});
