/** Fields that may be undefined become optional; the others stay required. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * A copy without the fields that are undefined: neither `exactOptionalPropertyTypes`, nor Pulumi's wire format, nor a
 * comparison of states takes `undefined` for an absent field.
 */
export function defined<T extends object>(fields: T): Defined<T> {
  // Object.fromEntries loses the keys' types.
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as Defined<T>;
}
