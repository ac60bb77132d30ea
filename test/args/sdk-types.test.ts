import type * as pulumi from "@pulumi/pulumi";
import { expectTypeOf, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import type { DomainArgs, Size } from "../../sdk/index.ts";

/** Sizes are text in canonical form once check has seen them. */
type Canonical<T> = Size extends T
  ? Exclude<T, Size> | string
  : T extends readonly (infer Item)[]
    ? Canonical<Item>[]
    : T extends object
      ? { [K in keyof T]: Canonical<T[K]> }
      : T;

type Declared = Canonical<pulumi.Unwrap<DomainArgs>>;
type Checked = Pick<Inputs, keyof DomainArgs>;

test("the arguments' types in the SDK are those of their schemas", () => {
  expectTypeOf<Required<Checked>>().toEqualTypeOf<Required<Declared>>();
});
