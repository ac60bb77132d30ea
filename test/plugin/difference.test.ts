import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { FIELDS, isField } from "../../provider/args/fields.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { changedFields } from "../../provider/plan/changed-fields.ts";
import { changedNames, type DetailedDiff, detailedDiff } from "../../provider/plugin/difference.ts";
import { hidden, places, validArguments, withUnknown } from "../support/arbitrary-inputs.ts";
import { cases } from "../support/properties.ts";
import { parsePropertyPath } from "../support/property-path.ts";

type Properties = Record<string, unknown>;

const outputs = { state: "running", liveMemory: "1024MiB", nextBootMemory: "1024MiB" };
const base = { memory: "1024MiB", maxMemory: "4096MiB", memorySlots: 16 };

function diffOf(oldInputs: Properties, news: Properties, replaces?: string[]): DetailedDiff {
  return detailedDiff({ oldInputs, news, outputs, answer: replaces ? { changes: true, replaces } : {} });
}

const change = (kind: string, inputDiff = true) => ({ kind, inputDiff });

describe("a change", () => {
  test.each<[string, Properties, Properties, DetailedDiff]>([
    ["a size", {}, { memory: "2048MiB" }, { memory: { kind: "UPDATE", inputDiff: true } }],
    [
      "a field of hotplug",
      { hotplug: { alignment: "256MiB", enabled: true } },
      { hotplug: { alignment: "128MiB", enabled: true } },
      { "hotplug.alignment": { kind: "UPDATE", inputDiff: true } },
    ],
    [
      "an object that wasn't there",
      {},
      { hotplug: { before: { command: ["true"] } } },
      { hotplug: { kind: "ADD", inputDiff: true } },
    ],
    [
      "an item and one that is gone",
      { disks: [{ file: "/a" }, { file: "/b" }] },
      { disks: [{ file: "/c" }] },
      {
        "disks[0].file": { kind: "UPDATE", inputDiff: true },
        "disks[1]": { kind: "DELETE", inputDiff: true },
      },
    ],
    [
      "another kind of value",
      { serial: "pty" },
      { serial: { file: "/log" } },
      { serial: { kind: "UPDATE", inputDiff: true } },
    ],
    [
      "a computed input",
      { memoryPlan: "1 GiB: nothing to do", change: "none" },
      { memoryPlan: "live: 1 → 2 GiB", change: "live" },
      { memoryPlan: { kind: "UPDATE", inputDiff: true }, change: { kind: "UPDATE", inputDiff: true } },
    ],
    [
      "a value that isn't known yet",
      { numa: [{ memory: "512MiB" }] },
      { numa: [{ memory: UNKNOWN }] },
      { "numa[0].memory": { kind: "UPDATE", inputDiff: true } },
    ],
  ])("%s", (_, before, after, expected) => {
    expect(diffOf({ ...base, ...before }, { ...base, ...after })).toEqual(expected);
  });

  test("of a replaced argument replaces, and one beside it doesn't", () => {
    const before = { ...base, hotplug: { alignment: "256MiB" }, vcpus: 1 };
    const after = {
      ...base,
      memory: "1000MiB",
      hotplug: { alignment: "128MiB" },
      numa: [{ memory: "1MiB" }],
    };
    expect(diffOf(before, after, ["memory", "numa"])).toEqual({
      memory: change("UPDATE_REPLACE"),
      vcpus: change("DELETE"),
      "hotplug.alignment": change("UPDATE"),
      numa: change("ADD_REPLACE"),
    });
  });

  test("of two notations of one value isn't one", () => {
    const before = { memory: "1GiB", hotplug: { alignment: 256, source: { pageSize: "2 mib" } } };
    const after = { memory: "1024MiB", hotplug: { alignment: "256MiB", source: { pageSize: "2MiB" } } };
    const nic = { network: "default", mac: "52:54:00:AB:CD:EF" };
    expect(
      diffOf(
        { ...before, interfaces: [nic] },
        { ...after, interfaces: [{ ...nic, mac: nic.mac.toLowerCase() }] },
      ),
    ).toEqual({ guestMemory: change("UPDATE", false) });
  });

  test("of what only matters at creation, or is hidden, isn't shown", () => {
    const before = { ...base, uuid: "a", __urn: "urn:a", __secrets: ["memory"], vcpus: 1 };
    const after = { ...base, uuid: "b", __urn: "urn:b", adopt: true, vcpus: 2 };
    expect(diffOf(before, after)).toEqual({ vcpus: change("UPDATE") });
  });
});

describe("drift", () => {
  const drift = (news: Properties, found: Properties, replaces: string[] = []) =>
    detailedDiff({
      oldInputs: news,
      news,
      outputs: { ...outputs, ...found },
      answer: { changes: true, replaces },
    });

  test("of the running domain's memory", () => {
    expect(drift(base, { liveMemory: "768MiB" })).toEqual({ liveMemory: change("UPDATE", false) });
  });

  test("of the definition's memory", () => {
    expect(drift(base, { nextBootMemory: "768MiB" })).toEqual({ nextBootMemory: change("UPDATE", false) });
  });

  test("of the power", () => {
    expect(drift(base, { state: "shutoff", liveMemory: undefined })).toEqual({
      state: change("UPDATE", false),
    });
  });

  test("that a refresh found is a difference of the inputs", () => {
    expect(diffOf({ ...base, memory: "1056MiB" }, { ...base, memory: "800MiB" })).toEqual({
      memory: change("UPDATE"),
    });
  });

  test("that needs a replacement names the argument", () => {
    expect(drift(base, { liveMemory: "768MiB" }, ["memory"])).toEqual({
      memory: change("UPDATE_REPLACE", false),
    });
  });

  test("of the guest only", () => {
    expect(drift(base, {})).toEqual({ guestMemory: change("UPDATE", false) });
  });
});

const checkedProgram = validArguments
  .map((args) => checkInputs({}, { ...hidden, ...args }, DEFAULTS))
  .filter(({ failures }) => failures.length === 0)
  .map(({ inputs }) => inputs as Properties);

const withMarker = fc.tuple(checkedProgram, fc.nat()).map(([program, n]) => {
  const all = places(program).filter(([name]) => isField(String(name)));
  return withUnknown(program, all[n % all.length] ?? []) as Properties;
});

const anyProgram = fc.oneof({ weight: 3, arbitrary: checkedProgram }, withMarker);

/** The program with a few arguments of another one. */
const anyPair = fc
  .tuple(anyProgram, anyProgram, fc.array(fc.boolean(), { minLength: 5 }))
  .map(([before, other, picks]): [Properties, Properties] => {
    const names = [...new Set([...Object.keys(before), ...Object.keys(other)])];
    const picked = (name: string, index: number) =>
      picks[index % picks.length] ? other[name] : before[name];
    const entries = names.map((name, index) => [name, picked(name, index)] as const);
    return [before, Object.fromEntries(entries.filter(([, value]) => value !== undefined))];
  });

/** Each value that isn't an object or an array, by its path. */
function leaves(
  value: unknown,
  path: (string | number)[] = [],
): [path: (string | number)[], leaf: unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, one]) =>
    leaves(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

const COMPUTED = ["memoryPlan", "change", "memoryChange"];

function compared(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(
      ([name]) =>
        COMPUTED.includes(name) ||
        (isField(name) && FIELDS[name].change !== "identity" && FIELDS[name].change !== "creation"),
    ),
  );
}

function valueAt(value: unknown, path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined,
    value,
  );
}

/** The inputs with the entries applied, from the last on: what is deleted from an array is at its end. */
function applied(before: Properties, after: Properties, diff: DetailedDiff): Properties {
  const result = structuredClone(before);
  for (const [path, { kind }] of Object.entries(diff).toReversed()) {
    const steps = parsePropertyPath(path);
    const last = steps.at(-1) ?? "";
    const parent = valueAt(result, steps.slice(0, -1)) as object;
    if (!kind.startsWith("DELETE")) Reflect.set(parent, last, valueAt(after, steps));
    else if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else Reflect.deleteProperty(parent, last);
  }
  return result;
}

const isPrefix = (a: (string | number)[], b: (string | number)[]) =>
  a.every((step, index) => b[index] === step);

describe("of any two programs", () => {
  property.prop([anyPair], cases(60))(
    "the entries are property paths that explain the change",
    ([before, after]) => {
      const changed = changedFields(before, after);
      const diff = detailedDiff({
        ...{ oldInputs: before, news: after, outputs: {} },
        answer: changed.length === 0 ? { changes: false } : {},
      });
      const paths = Object.keys(diff).map(parsePropertyPath);
      expect(changedNames(diff).filter((name) => !COMPUTED.includes(name))).toEqual(changed);
      expect(applied(compared(before), after, diff)).toEqual(compared(after));

      const old = new Map(leaves(compared(before)).map(([path, leaf]) => [JSON.stringify(path), leaf]));
      const now = new Map(leaves(compared(after)).map(([path, leaf]) => [JSON.stringify(path), leaf]));
      for (const key of new Set([...old.keys(), ...now.keys()])) {
        const isChanged = JSON.stringify(old.get(key)) !== JSON.stringify(now.get(key));
        const covering = paths.filter((path) => isPrefix(path, JSON.parse(key)));
        const count = covering.length;
        if (isChanged) expect(count, key).toBe(1);
        // An equal value may be in an object that another kind of value replaces as a whole.
        else expect(count, key).toBeLessThanOrEqual(1);
      }
    },
  );

  property.prop([anyProgram])("an equal one has no entries of inputs", (program) => {
    const equal = { oldInputs: program, news: structuredClone(program), outputs };
    expect(detailedDiff({ ...equal, answer: { changes: false } })).toEqual({});
    const drift = detailedDiff({ ...equal, answer: {} });
    expect(Object.values(drift).filter(({ inputDiff }) => inputDiff)).toEqual([]);
  });

  property.prop([anyPair, fc.subarray(["memory", "name", "firmware", "numa"])], cases(100))(
    "the replaced arguments replace, and no other does",
    ([before, after], replaces) => {
      const diff = detailedDiff({
        oldInputs: before,
        news: after,
        outputs: {},
        answer: { changes: true, replaces },
      });
      for (const [path, { kind }] of Object.entries(diff))
        expect(kind.endsWith("_REPLACE"), path).toBe(replaces.includes(String(parsePropertyPath(path)[0])));
      expect(changedNames(diff)).toEqual(expect.arrayContaining(replaces));
    },
  );

  property.prop([anyPair])("no entry shows a value", ([before, after]) => {
    const marker = "s3cr3t-marker";
    const secret = (inputs: Properties) => ({
      ...inputs,
      description: marker,
      xml: `<domain>${marker}</domain>`,
    });
    const diff = detailedDiff({ oldInputs: before, news: secret(after), outputs: {}, answer: {} });
    expect(JSON.stringify(diff)).not.toContain(marker);
  });
});
