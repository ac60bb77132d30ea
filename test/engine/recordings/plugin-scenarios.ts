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
  ref,
  refresh,
  secret,
  thing,
  unknowns,
  up,
  upRefresh,
  well,
} from "./spec.ts";

const region = (name: string, props: object, options?: object) => ({
  name,
  kind: "provider" as const,
  props,
  ...(options ? { options } : {}),
});
const ALIAS = { aliases: [{ type: "pulumi-nodejs:dynamic/spike:Thing" }] };
const PLUGIN_ALIAS = { aliases: [{ type: "spike:index:Thing" }] };
const nested = (deep: object, options?: object) =>
  thing("a", { value: { list: [{ x: 1 }, { x: 2 }], deep } }, options);

/** What only a resource plugin makes an engine do. */
export const pluginScenarios: Record<string, RecordedStep[]> = {
  plugin_previews: [
    { ...preview, spec: program([a, b, c], { o: ref("c.out") }) },
    up,
    { ...preview, spec: program([a2, b, c], { o: ref("c.out") }) },
    up,
    { ...preview, expectNoChanges: true },
    refresh,
    destroy,
  ],
  plugin_previewed_replace: [
    { ...up, spec: program([keyed("k1", { value: "1", dbr: true }), b, thing("c", { key: ref("a.out") })]) },
    {
      ...preview,
      spec: program([keyed("k2", { value: "1", dbr: true }), b, thing("c", { key: ref("a.out") })]),
    },
    up,
    { ...preview, spec: program([keyed("k3", { value: "1" }), b, thing("c", { key: ref("a.out") })]) },
    up,
  ],
  // A preview makes the same calls as of a replace that deletes first: a plugin can't tell the two apart.
  plugin_create_before_delete: [
    { ...up, spec: program([keyed("k1", { value: "1", dbr: true })]) },
    { ...preview, spec: program([keyed("k2", { value: "1", dbr: true })]) },
    {
      ...preview,
      spec: program([keyed("k2", { value: "1", dbr: true }, { deleteBeforeReplace: false })]),
    },
    up,
  ],
  plugin_secrets: [
    {
      ...up,
      spec: program(
        [
          thing("a", { value: secret("s1"), nest: { p: secret(1), l: [1, secret(2)] } }),
          thing("b", { value: ref("a.out") }),
          thing("c", { value: { deep: ref("b.out") } }),
          thing("d", { value: "x" }, { additionalSecretOutputs: ["out"] }),
        ],
        { o: ref("b.out") },
      ),
    },
    up,
    refresh,
    { ...preview, spec: program([thing("a", { value: secret("s2") }), b]) },
    up,
    destroy,
  ],
  plugin_unknowns: unknowns,
  plugin_up_refresh: upRefresh,
  plugin_nested_diff: [
    { ...up, spec: program([nested({ key: "k1", y: 1 })]) },
    { ...preview, spec: program([nested({ key: "k1", y: 2, z: [1] })]) },
    up,
    { ...preview, spec: program([nested({ key: "k2", y: 2, z: [1] })]) },
    { ...up, spec: program([nested({ key: "k1", y: 3, z: [1] }, { replaceOnChanges: ["value.deep.y"] })]) },
    { ...up, spec: program([nested({ key: "k1", y: 4, z: [1] }, { replaceOnChanges: ["value.list"] })]) },
    { ...up, spec: program([nested({ key: "k1", y: 5, z: [1] }, { replaceOnChanges: ["value.*.y"] })]) },
    { ...up, spec: program([nested({ key: "k1", y: 6, z: [1] }, { replaceOnChanges: ["value"] })]) },
    { ...up, spec: program([nested({ key: "k1", y: 7, z: [1] }, { replaceOnChanges: ["*"] })]) },
  ],
  plugin_ignored_paths: [
    { ...up, spec: program([nested({ y: 1, z: 1 })]) },
    { ...up, spec: program([nested({ y: 2, z: 1 }, { ignoreChanges: ["value.deep.y"] })]) },
    { ...up, spec: program([nested({ y: 3, z: 2 }, { ignoreChanges: ["value.deep.y"] })]) },
    { ...up, spec: program([nested({ z: 2 }, { ignoreChanges: ["value.deep.y", "value.list[0].x"] })]) },
    { ...up, spec: program([nested({ z: 2, y: 9, w: 1 }, { ignoreChanges: ["value.deep.*"] })]) },
    {
      ...up,
      spec: program([
        thing(
          "a",
          { value: { list: [{ x: 5 }, { x: 6 }], deep: {} } },
          { ignoreChanges: ["value.list[*].x"] },
        ),
      ]),
    },
  ],
  plugin_import: [
    { ...preview, spec: program([thing("a", { value: "found" }, { import: "x" })], { o: ref("a.out") }) },
    up,
    up,
    { ...up, spec: program([thing("a", { value: "found" })], { o: ref("a.out") }) },
    { ...up, spec: program([thing("a", { value: "mine" })], { o: ref("a.out") }) },
    { ...preview, spec: program([thing("b", { value: "other" }, { import: "y" })]) },
    up,
    { ...up, spec: program([thing("b", { value: "other" }, { import: "missing" })]) },
    { ...up, spec: program([thing("c", { value: "other" }, { import: "missing" })]) },
  ],
  plugin_get: [
    { ...preview, spec: program([thing("a", {}, { id: "x" }), b], { o: ref("a.out") }) },
    up,
    up,
    refresh,
    { ...up, spec: program([thing("a", {}, { id: "y" }), b], { o: ref("a.out") }) },
    { ...up, spec: program([thing("a", {}, { id: "missing" })]) },
    { ...up, spec: program([]) },
    { ...up, spec: program([thing("a", {}, { id: "x" })]) },
    destroy,
  ],
  plugin_alias: [
    { ...up, spec: program([{ ...a, kind: "dynamic" }, b]) },
    { ...preview, spec: program([{ ...a, options: ALIAS }, b]) },
    { ...up, expectNoChanges: true },
    up,
    { ...up, spec: program([{ ...a2, options: ALIAS }, b]) },
    refresh,
    { ...up, spec: program([{ ...keyed("k", {}, ALIAS) }, b]) },
    { ...up, spec: program([thing("renamed", { value: "1" }, { aliases: [{ name: "b" }] })]) },
  ],
  plugin_alias_back: [
    { ...up, spec: program([a]) },
    { ...preview, spec: program([{ ...a, kind: "dynamic", options: PLUGIN_ALIAS }]) },
    up,
    destroy,
  ],
  plugin_explicit_provider: [
    {
      ...preview,
      spec: program([region("p", { region: "r1" }), thing("a", { value: "1" }, { provider: "p" })]),
    },
    up,
    up,
    {
      ...preview,
      spec: program([region("p", { region: "r1", x: 1 }), thing("a", { value: "1" }, { provider: "p" })]),
    },
    up,
    refresh,
    {
      ...preview,
      spec: program([region("p", { region: "r2", x: 1 }), thing("a", { value: "1" }, { provider: "p" })]),
    },
    up,
    { ...up, spec: program([a]) },
    { ...up, spec: program([region("q", {}), thing("a", { value: "1" }, { provider: "q" })]) },
    {
      ...up,
      spec: program([region("q", { greeting: "bad" }), thing("a", { value: "1" }, { provider: "q" })]),
    },
    destroy,
  ],
  plugin_unknown_config: [
    { ...up, spec: program([a]) },
    {
      ...preview,
      spec: program(
        [
          a,
          thing("n", { value: "n" }),
          region("p", { x: ref("n.out") }),
          thing("b", { value: "1" }, { provider: "p" }),
        ],
        { o: ref("b.out") },
      ),
    },
    up,
    preview,
  ],
  plugin_config_change: [
    { ...up, spec: program([a]) },
    { ...preview, greeting: "hello2" },
    up,
    { ...refresh, greeting: "hello3" },
    { ...up, refresh: true },
    { ...up, greeting: "bad" },
    { ...destroy, greeting: "hello4" },
  ],
  plugin_timeouts: [
    {
      ...up,
      spec: program([
        thing("a", { value: "1" }, { customTimeouts: { create: "5m", update: "90s", delete: "1h30m" } }),
      ]),
    },
    {
      ...up,
      spec: program([
        thing("a", { value: "2" }, { customTimeouts: { create: "5m", update: "90s", delete: "1h30m" } }),
      ]),
    },
    refresh,
    { ...up, spec: program([]) },
  ],
  plugin_diff_by_name: [
    { ...up, spec: program([keyed("k1", { value: "1" })]) },
    { ...up, spec: program([keyed("k1", { value: "2" })]), behaviour: { a: { diffByName: true } } },
    { ...preview, spec: program([keyed("k2", { value: "2" })]) },
    { ...up, spec: program([keyed("k1", { value: "3" }, { replaceOnChanges: ["value"] })]) },
  ],
  plugin_partial: [
    { ...up, spec: program([a, b]), behaviour: { a: { createPartial: true } } },
    { ...preview, ...well },
    { ...up, behaviour: { a: { updatePartial: true } } },
    { ...up, ...well },
    { ...up, spec: program([a2, b]), behaviour: { a: { updatePartial: true } } },
    { ...preview, ...well },
    up,
    up,
  ],
  plugin_protected: [
    { ...up, spec: program([keyed("k1", {}, { protect: true })]) },
    { ...preview, spec: program([keyed("k2", {}, { protect: true })]) },
    up,
    { ...up, spec: program([keyed("k2", {}, { protect: false, retainOnDelete: true })]) },
    { ...up, spec: program([]) },
  ],
};
