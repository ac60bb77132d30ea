import { failureScenarios } from "./failure-scenarios.ts";
import {
  a,
  a2,
  b,
  c,
  destroy,
  keyed,
  preview,
  program,
  type RecordedStep,
  type ResourceSpec,
  ref,
  refresh,
  secret,
  thing,
  unknowns,
  up,
  upRefresh,
  well,
} from "./spec.ts";

const component = (x?: number): ResourceSpec => ({
  name: "k",
  kind: "component",
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
  up_refresh: upRefresh,
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
  unknowns,
  ...failureScenarios,
};
