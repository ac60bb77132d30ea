/** What the recorded program registers; property values may be references, secrets or configuration. */
export interface Spec {
  resources: ResourceSpec[];
  componentOutputs?: Record<string, object>;
  outputs: object;
  /** Where the program throws. */
  throwAt?: "start" | "end";
}

export interface ResourceSpec {
  name: string;
  /** Default: what the fixture's program makes. `provider`: an explicit provider of the plugin. */
  kind?: "component" | "provider" | "plugin" | "dynamic";
  props?: object;
  options?: object;
}

/** How the provider treats a resource. */
interface Behaviour {
  checkFail?: boolean;
  diffUndefined?: boolean;
  /** Of the plugin: the properties that differ are named, without a detailed diff. */
  diffByName?: boolean;
  createFail?: boolean;
  createPartial?: boolean;
  updateFail?: boolean;
  updatePartial?: boolean;
  deleteFail?: boolean;
  readFail?: boolean;
  missing?: boolean;
  drift?: object;
  driftInputs?: object;
}

export interface RecordedStep {
  command: "preview" | "up" | "refresh" | "destroy";
  /** The program and the provider's behaviour from this step on; without them, those of the step before. */
  spec?: Spec;
  behaviour?: Record<string, Behaviour>;
  greeting?: string;
  previewOnly?: boolean;
  refresh?: boolean;
  expectNoChanges?: boolean;
  continueOnError?: boolean;
  parallel?: number;
}

export function thing(name: string, props: object = {}, options?: object): ResourceSpec {
  return { name, props, ...(options ? { options } : {}) };
}

/** The program's resource `name`, or with "name.property" one of its outputs. */
export function ref(to: string) {
  return { $ref: to };
}

export function secret(value: unknown) {
  return { $secret: value };
}

export function program(resources: ResourceSpec[], outputs: object = {}): Spec {
  return { resources, outputs };
}

export const preview = { command: "preview" } as const;
export const up = { command: "up" } as const;
export const refresh = { command: "refresh" } as const;
export const destroy = { command: "destroy" } as const;
/** The provider behaves well again. */
export const well = { behaviour: {} };

/** `c` takes an output of `b`, which takes one of `a`. */
export const a = thing("a", { value: "1" });
export const a2 = thing("a", { value: "2" });
export const b = thing("b", { value: ref("a.out") });
export const c = thing("c", { value: ref("b.out") });

/** The resource "a" with the property whose change replaces it. */
export function keyed(key: string, props: object = {}, options?: object): ResourceSpec {
  return thing("a", { key, ...props }, options);
}

/** A create whose dependents don't know its outputs in the preview. */
export const unknowns: RecordedStep[] = [
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
];

/** An update and a destroy that refresh first: a resource that somebody changed, and one that somebody deleted. */
export const upRefresh: RecordedStep[] = [
  { ...up, spec: program([a, b]) },
  { ...up, refresh: true, behaviour: { a: { drift: { value: "99", out: "drifted" } } } },
  { ...preview, refresh: true, behaviour: { b: { missing: true } } },
  { ...up, refresh: true },
  { ...destroy, refresh: true, ...well },
];
