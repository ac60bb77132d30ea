import { program, type RecordedStep, type ResourceSpec, ref, secret, thing } from "./spec.ts";

const preview = { command: "preview" } as const;
const up = { command: "up" } as const;
const refresh = { command: "refresh" } as const;
const destroy = { command: "destroy" } as const;
/** The provider behaves well again. */
const well = { behaviour: {} };

const a = thing("a", { value: "1" });
const a2 = thing("a", { value: "2" });
const b = thing("b", { value: ref("a.out") });
const c = thing("c", { value: ref("b.out") });
const z = thing("z", { value: "z" });
const aAfterZ = thing("a", { value: "1" }, { dependsOn: ["z"] });
const keyed = (key: string, props: object = {}, options?: object) => thing("a", { key, ...props }, options);
const component = (x?: number): ResourceSpec => ({
  name: "k",
  component: true,
  ...(x === undefined ? {} : { props: { x } }),
});

const secrets = thing(
  "b",
  {
    value: ref("a.out"),
    sec: secret("s3"),
    cs: { $secretConfig: "pw" },
    nest: { p: secret(1), q: 2, l: [1, secret(2)] },
  },
  { parent: "k" },
);

const withDependentsOf = (first: ResourceSpec) =>
  program([
    first,
    b,
    thing("c", { key: ref("a.out") }),
    thing("d", { value: ref("c.out") }),
    thing("e", { value: "x" }, { dependsOn: ["a"] }),
  ]);

/** Independent resources whose registration may come before or after the one that fails, and so be done or not. */
export const RACING: Record<string, string> = { create_fails: "z", check_fails: "z" };

/** What was done with the real CLI, v3.260, when `recorded/<name>.json` was made. */
export const scenarios: Record<string, RecordedStep[]> = {
  create_noop: [
    { ...preview, spec: program([a, b, c], { o: ref("c.out") }) },
    up,
    up,
    preview,
    { ...preview, expectNoChanges: true },
    { ...up, expectNoChanges: true },
    refresh,
    destroy,
  ],
  component_secret: [
    {
      ...preview,
      spec: {
        resources: [a, component(1), secrets],
        componentOutputs: { k: { bo: ref("b.out"), sb: ref("b.sec") } },
        outputs: { o: ref("b.out"), s: secret("zz"), bs: ref("b.sec"), nest: ref("b.nest") },
      },
    },
    up,
    up,
    refresh,
    { ...preview, spec: program([a, component(2)]) },
    up,
    { ...up, spec: program([]) },
    destroy,
  ],
  update: [
    { ...up, spec: program([a, b, c]) },
    { ...preview, spec: program([a2, b, c]) },
    { ...preview, expectNoChanges: true },
    up,
    up,
  ],
  replace_cbd: [
    { ...up, spec: program([keyed("k1", { value: "1" }), b, c]) },
    { ...preview, spec: program([keyed("k2", { value: "1" }), b, c]) },
    up,
    up,
    destroy,
  ],
  replace_dbr: [
    { ...up, spec: withDependentsOf(keyed("k1", { value: "1", dbr: true })) },
    { ...preview, spec: withDependentsOf(keyed("k2", { value: "1", dbr: true })) },
    up,
    up,
  ],
  replace_dbr_opt: [
    { ...up, spec: program([keyed("k1", {}, { deleteBeforeReplace: true })]) },
    { ...up, spec: program([keyed("k2", {}, { deleteBeforeReplace: true })]) },
    { ...up, spec: program([keyed("k3", { dbr: true }, { deleteBeforeReplace: false })]) },
  ],
  replace_dbr_dependent_removed: [
    { ...up, spec: program([keyed("k1", { dbr: true }), thing("c", { key: ref("a.out") })]) },
    { ...preview, spec: program([keyed("k2", { dbr: true })]) },
    up,
    up,
  ],
  remove: [
    { ...up, spec: program([a, b, c, thing("d", { value: "d" }, { dependsOn: ["c"] })]) },
    { ...preview, spec: program([a]) },
    up,
    { ...up, spec: program([]) },
  ],
  refresh: [
    { ...up, spec: program([a, b, c]) },
    { ...refresh, previewOnly: true, behaviour: { a: { drift: { value: "99", out: "drifted" } } } },
    refresh,
    { ...preview, ...well },
    up,
    { ...refresh, behaviour: { b: { missing: true } } },
    { ...preview, ...well },
    up,
    { ...refresh, behaviour: { a: { drift: { value: "77" }, driftInputs: { value: "77" } } } },
    { ...preview, ...well },
    up,
    { ...refresh, behaviour: { b: { readFail: true }, a: { drift: { value: "5" } } } },
    { ...refresh, expectNoChanges: true, behaviour: { a: { drift: { value: "6" } } } },
  ],
  up_refresh: [
    { ...up, spec: program([a, b]) },
    { ...up, refresh: true, behaviour: { a: { drift: { value: "99", out: "drifted" } } } },
    { ...preview, refresh: true, behaviour: { b: { missing: true } } },
    { ...up, refresh: true },
    { ...destroy, refresh: true, ...well },
  ],
  destroy: [
    {
      ...up,
      spec: program(
        [
          ...[a, b, c, component()],
          thing("x", { value: "x" }, { parent: "k" }),
          thing("p", { value: "p" }, { protect: true }),
        ],
        { o: 1 },
      ),
    },
    { ...destroy, previewOnly: true },
    destroy,
    { ...up, spec: program([a, b, c, thing("p", { value: "p" }, { protect: false })]) },
    destroy,
  ],
  partial_create: [
    { ...up, spec: program([a, b]), behaviour: { a: { createPartial: true } } },
    { ...preview, ...well },
    { ...up, behaviour: { a: { updatePartial: true } } },
    { ...up, ...well },
    up,
    { ...up, spec: program([a2, b]), behaviour: { a: { updatePartial: true } } },
    { ...preview, ...well },
    up,
    up,
  ],
  partial_refresh: [
    { ...up, spec: program([a]), behaviour: { a: { createPartial: true } } },
    { ...refresh, ...well },
    up,
  ],
  create_fails: [
    {
      ...up,
      spec: program([z, a, b], { o: ref("b.out") }),
      behaviour: { a: { createFail: true } },
      parallel: 1,
    },
    { ...up, ...well },
  ],
  create_fails_continue: [
    {
      ...up,
      spec: program([z, a, b, thing("y", { value: "y" })], { o: ref("y.out") }),
      behaviour: { a: { createFail: true } },
      continueOnError: true,
      parallel: 1,
    },
    { ...up, ...well },
  ],
  update_fails: [
    { ...up, spec: program([a, b], { o: 1, p: 1 }) },
    { ...up, spec: program([a2, b], { o: 2 }), behaviour: { a: { updateFail: true } } },
    { ...up, ...well },
  ],
  delete_fails: [
    { ...up, spec: program([a, b]) },
    { ...up, spec: program([]), behaviour: { a: { deleteFail: true } } },
    { ...up, ...well },
    { ...up, spec: program([a, b]) },
    { ...destroy, behaviour: { b: { deleteFail: true } } },
    { ...destroy, ...well },
  ],
  replace_create_fails: [
    { ...up, spec: program([keyed("k1")]) },
    { ...up, spec: program([keyed("k2")]), behaviour: { a: { createFail: true } } },
    { ...up, behaviour: { a: { deleteFail: true } } },
    preview,
    { ...refresh, ...well },
    up,
  ],
  dbr_create_fails: [
    { ...up, spec: program([keyed("k1", { dbr: true }), b]) },
    { ...up, spec: program([keyed("k2", { dbr: true }), b]), behaviour: { a: { createFail: true } } },
    { ...preview, ...well },
    refresh,
    up,
    { ...up, spec: program([keyed("k3", { dbr: true }), b]), behaviour: { a: { createFail: true } } },
    { ...up, spec: program([]), ...well },
  ],
  dbr_delete_fails: [
    { ...up, spec: program([keyed("k1", { dbr: true })]) },
    { ...up, spec: program([keyed("k2", { dbr: true })]), behaviour: { a: { deleteFail: true } } },
    { ...up, ...well },
  ],
  program_throws: [
    { ...up, spec: program([a, b], { o: 1 }) },
    { ...preview, spec: { ...program([a], { n: 2 }), throwAt: "end" } },
    up,
    { ...up, spec: { ...program([]), throwAt: "start" } },
  ],
  check_fails: [
    { ...up, spec: program([a]) },
    { ...preview, spec: program([z, a]), behaviour: { a: { checkFail: true } }, parallel: 1 },
    up,
  ],
  create_fails_dep: [
    { ...up, spec: program([z, aAfterZ, b], { o: ref("b.out") }), behaviour: { a: { createFail: true } } },
    { ...up, ...well },
  ],
  create_fails_inflight: [
    {
      ...up,
      spec: program([
        thing("z", { value: "z", delay: 2000 }),
        thing("a", { value: "1", delay: 500 }),
        b,
        thing("y", { value: ref("z.out") }),
      ]),
      behaviour: { a: { createFail: true } },
    },
    { ...up, ...well },
  ],
  check_fails_dep: [
    { ...up, spec: program([a]) },
    { ...preview, spec: program([z, aAfterZ]), behaviour: { a: { checkFail: true } } },
    up,
  ],
  config_change: [
    { ...up, spec: program([a]) },
    { ...preview, greeting: "hello2" },
    up,
    { ...refresh, greeting: "hello3" },
    destroy,
  ],
  options: [
    {
      ...up,
      spec: program([
        thing("a", { value: "1" }, { protect: true }),
        thing("b", { value: "1" }, { ignoreChanges: ["value"] }),
        thing("c", { value: "1" }, { retainOnDelete: true }),
        thing("d", { value: "1" }, { replaceOnChanges: ["value"] }),
        thing("e", { value: "1" }, { additionalSecretOutputs: ["out"] }),
      ]),
    },
    {
      ...up,
      spec: program([
        thing("a", { value: "2" }, { protect: true }),
        thing("b", { value: "2" }, { ignoreChanges: ["value"] }),
        thing("d", { value: "2" }, { replaceOnChanges: ["value"] }),
        thing("e", { value: "2" }, { additionalSecretOutputs: ["out"] }),
      ]),
    },
    { ...preview, spec: program([thing("a", { value: "2", key: "k" }, { protect: true })]) },
    up,
    { ...up, spec: program([]) },
  ],
  diff_undefined: [
    {
      ...up,
      spec: program([a, thing("d", { value: "1" }, { replaceOnChanges: ["value"] })]),
      behaviour: { a: { diffUndefined: true }, d: { diffUndefined: true } },
    },
    up,
    { ...up, spec: program([a2, thing("d", { value: "2" }, { replaceOnChanges: ["value"] })]) },
  ],
  unknowns: [
    {
      ...preview,
      spec: program(
        [
          a,
          thing("b", { value: { list: ["x", ref("a.out")], deep: { z: ref("a.out") } }, sec: secret(1) }),
          thing("c", { value: ref("a"), id: ref("a.id") }),
        ],
        { whole: ref("a") },
      ),
    },
    up,
    up,
  ],
};
