import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/**
 * What each room may import: other rooms, or single files of them, packages and node's modules; `type:` allows only
 * types. The files of `provider/` itself join the rooms and are free.
 */
const MAY_IMPORT: Record<string, string[]> = {
  // The package's own name is in a constant string of the state, which isn't run here.
  // A catalogue of sizes is checked by the planner.
  sdk: ["@pulumi/pulumi", "pulumi-libvirt-hotplug", "provider/sizes/catalogue.ts"],
  // Policies judge by what the planner found, in the provider's terms. Policy packs import it, not programs.
  "sdk/policy": [
    "provider/units",
    "provider/args",
    "provider/libvirt/daemon-key.ts",
    "provider/libvirt/uri-password.ts",
    "provider/plan/dimms/slots.ts",
    "provider/plan/text.ts",
    "type:sdk/domain-outputs.ts",
    "sdk/dynamic-type.ts",
    "@pulumi/policy",
    "zod",
    "node:module",
    "node:path",
  ],
  "provider/units": [],
  "provider/args": [
    "provider/units",
    "sdk/secret-arguments.ts",
    "zod",
    "leven",
    "uuid",
    "node:crypto",
    "node:path",
    "node:util",
  ],
  "provider/domain": ["provider/units", "node:util"],
  "provider/plan": ["provider/units", "provider/args", "provider/domain/state.ts", "node:util"],
  "provider/definition": [
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/plan",
    "type:provider/observe/host.ts",
  ],
  "provider/libvirt": [
    "provider/deadline.ts",
    "p-limit",
    "node:child_process",
    "node:crypto",
    "node:fs",
    "node:net",
    "node:os",
    "node:path",
    "node:stream",
    "node:tls",
  ],
  "provider/storage": [
    "type:provider/args/disk-source.ts",
    "provider/deadline.ts",
    "provider/domain",
    "provider/errors.ts",
    "provider/libvirt/errors.ts",
    "type:provider/libvirt/hypervisor.ts",
    "type:provider/libvirt/storage.ts",
    "type:provider/session.ts",
    // The name of a transient pool, and the folder of a file on the host.
    "node:crypto",
    "node:path",
  ],
  "provider/engine": ["@grpc/grpc-js", "@pulumi/pulumi"],
  "provider/guest": [
    "provider/units",
    "provider/args",
    "type:provider/domain/state.ts",
    "type:provider/libvirt/hypervisor.ts",
    "provider/deadline.ts",
    "provider/errors.ts",
    // Tells what is an IP address.
    "node:net",
    "zod",
  ],
  "provider/observe": [
    "provider/args/disk-source.ts",
    "provider/units",
    "provider/deadline.ts",
    "provider/domain",
    "provider/guest",
    "provider/plan",
    "provider/libvirt/errors.ts",
    "type:provider/libvirt/hypervisor.ts",
  ],
  "provider/acceptance": [
    "provider/units",
    "provider/args",
    "provider/definition",
    "provider/domain",
    "provider/observe",
    "type:provider/deadline.ts",
    "provider/libvirt/errors.ts",
    "type:provider/libvirt/hypervisor.ts",
    "type:provider/libvirt/storage.ts",
    "type:provider/plan",
    // The UUID of a probe.
    "node:crypto",
  ],
  "provider/update": [
    "provider/acceptance",
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/plan",
    "provider/definition",
    "provider/guest",
    "provider/observe",
    "provider/storage",
    "provider/deadline.ts",
    "provider/errors.ts",
    "provider/outputs.ts",
    "provider/libvirt/errors.ts",
    "type:provider/libvirt/hypervisor.ts",
    "type:provider/session.ts",
    // Hooks are programs of the user's.
    "node:child_process",
  ],
  "provider/command": [
    "provider/args/suggestion.ts",
    "type:provider/deadline.ts",
    "type:provider/libvirt/connect.ts",
    "node:fs",
    "type:node:stream",
    "node:util",
  ],
  "provider/sizes": [
    "provider/command",
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/plan",
    "provider/definition",
    "type:provider/libvirt/hypervisor.ts",
    "type:sdk/catalogue-args.ts",
    "type:node:stream",
    "type:node:util",
    "yaml",
    "type:zod",
  ],
  "provider/explain": [
    "provider/command",
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/guest",
    "provider/plan",
    "provider/observe",
    "type:provider/deadline.ts",
    "provider/errors.ts",
    "provider/libvirt/errors.ts",
    "type:provider/libvirt",
    "node:util",
  ],
  "provider/review": [
    "provider/command",
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/explain",
    "provider/plan",
    "provider/configuration.ts",
    "provider/errors.ts",
    "provider/outputs.ts",
    "provider/state-format.ts",
    "provider/libvirt/daemon-key.ts",
    "provider/libvirt/uri-password.ts",
    // By what it recognizes its resources, and what is secret in them.
    "sdk/dynamic-type.ts",
    "sdk/secret-arguments.ts",
    "package.json",
    "node:crypto",
    "node:fs",
    "node:path",
    "type:node:stream",
    "node:util",
  ],
  // What a preview says of the outputs: both hosts' previews.
  "provider/foreseen": [
    "provider/args",
    "provider/domain",
    "provider/guest",
    "provider/observe",
    "provider/operations/new-domain.ts",
    "provider/plan",
    "provider/outputs.ts",
    "type:provider/session.ts",
    "node:util",
  ],
  // The second host of the operations. Of Pulumi's SDK it has the protocol's messages, whose files a test below names.
  "provider/plugin": [
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/engine",
    "provider/foreseen",
    "provider/guest",
    "provider/observe",
    "provider/operations",
    "provider/plan",
    "provider/configuration.ts",
    "provider/deadline.ts",
    "provider/errors.ts",
    "provider/host-operations.ts",
    "provider/outputs.ts",
    "provider/secret-operation.ts",
    "provider/session.ts",
    "provider/state-format.ts",
    "provider/libvirt/connect.ts",
    "provider/libvirt/uri.ts",
    "type:provider/libvirt/hypervisor.ts",
    // What the dynamic class writes into each state, and which of its arguments sizes follow from.
    "sdk/dynamic-type.ts",
    "sdk/secret-arguments.ts",
    "package.json",
    "@grpc/grpc-js",
    "@pulumi/pulumi",
    "google-protobuf",
    "node:fs",
    "node:util",
  ],
  "provider/operations": [
    "provider/acceptance",
    "provider/units",
    "provider/args",
    "provider/domain",
    "provider/plan",
    "provider/definition",
    "provider/guest",
    "provider/observe",
    "provider/storage",
    "provider/update",
    "provider/deadline.ts",
    "provider/errors.ts",
    "provider/outputs.ts",
    "provider/recorded-observation.ts",
    "provider/libvirt/errors.ts",
    "provider/libvirt/plain-tcp.ts",
    "provider/libvirt/uri.ts",
    "provider/libvirt/uri-password.ts",
    "type:provider/libvirt/hypervisor.ts",
    "type:provider/session.ts",
    "node:util",
  ],
};

/** Any room of the provider may import these. */
const GROUND = [
  "provider/defined.ts",
  "provider/foreign-text.ts",
  "provider/is-record.ts",
  "provider/message-of.ts",
];

/** What the planner knows before it decides anything: the domain, the program, and how a plan is put into words. */
const PLAN_GROUND = [
  "provider/units",
  "provider/args",
  "provider/domain/state.ts",
  ...[
    "desired",
    "devices",
    "guest-block",
    "observed",
    "pause",
    "plan",
    "platform",
    "reason-codes",
    "text",
  ].map((file) => `provider/plan/${file}.ts`),
];

/** The same inside the planner: each room builds on the rooms above it, and the files of `plan/` itself join them. */
const PLAN_MAY_IMPORT: Record<string, string[]> = {
  "provider/plan/numa": PLAN_GROUND,
  "provider/plan/dimms": [...PLAN_GROUND, "provider/plan/numa"],
  "provider/plan/virtio-mem": [...PLAN_GROUND, "provider/plan/numa"],
  "provider/plan/definition": [...PLAN_GROUND, "provider/plan/numa", "provider/plan/virtio-mem"],
  "provider/plan/device-list": [
    ...PLAN_GROUND,
    "provider/plan/definition",
    "provider/plan/fallback.ts",
    "provider/plan/disks",
    "provider/plan/interfaces",
  ],
  "provider/plan/disks": [...PLAN_GROUND, "provider/plan/device-list", "type:provider/plan/power.ts"],
  "provider/plan/interfaces": [...PLAN_GROUND, "provider/plan/device-list"],
  "provider/plan/vcpus": [
    ...PLAN_GROUND,
    "provider/plan/definition",
    "provider/plan/defined-plan.ts",
    "provider/plan/fallback.ts",
  ],
  "provider/plan/live-sizes": [
    "provider/plan/balloon.ts",
    ...PLAN_GROUND,
    "provider/plan/numa",
    "provider/plan/dimms",
    "provider/plan/virtio-mem",
    "provider/plan/definition",
  ],
};

interface Import {
  from: string;
  file: string;
  isType: boolean;
}

/** The imports of a file: paths from the root for our own files, else the module's name without its subpath. */
function imports(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const statements = text.matchAll(/^(?:import|export) (type )?(?:[^;"']*? from )?"([^"]+)";/gm);
  const dynamic = text.matchAll(/\b(?:import|require)\(\s*"([^"]+)"\s*\)/g);
  return [
    ...[...statements].map(([, type, name = ""]) => ({ name, isType: type !== undefined })),
    ...[...dynamic].map(([, name = ""]) => ({ name, isType: false })),
  ].map(({ name, isType }) => ({
    file,
    isType,
    from: name.startsWith(".")
      ? normalize(join(dirname(file), name))
      : name.startsWith("node:")
        ? name
        : name
            .split("/")
            .slice(0, name.startsWith("@") ? 2 : 1)
            .join("/"),
  }));
}

function isAllowed(
  room: string,
  { from, isType }: Import,
  mayImport: Record<string, string[]> = MAY_IMPORT,
): boolean {
  const rules = [`${room}/`, ...(room === "sdk" ? [] : GROUND), ...(mayImport[room] ?? [])];
  return rules.some((rule) => {
    const target = rule.replace(/^type:/, "");
    if (rule.startsWith("type:") && !isType) return false;
    return from === target || from.startsWith(target.endsWith("/") ? target : `${target}/`);
  });
}

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
