/** Properties of a resource as JSON has them. */
export type Properties = Record<string, unknown>;
