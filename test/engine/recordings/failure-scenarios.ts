import {
  a,
  a2,
  b,
  destroy,
  keyed,
  preview,
  program,
  type RecordedStep,
  ref,
  refresh,
  thing,
  up,
  well,
} from "./spec.ts";

const z = thing("z", { value: "z" });
const aAfterZ = thing("a", { value: "1" }, { dependsOn: ["z"] });

/** Independent resources whose registration may come before or after the one that fails, and so be done or not. */
export const RACING: Record<string, string> = { create_fails: "z", check_fails: "z" };

/** Where the program or a call of the provider fails, in part or wholly. */
export const failureScenarios: Record<string, RecordedStep[]> = {
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
};
