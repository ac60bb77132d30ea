import { ConnectionError, LibvirtError } from "./libvirt/errors.ts";

/** An error for the reader of a preview. Pulumi's provider host prints stacks to the same reader; this one has none. */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Error";
    this.stack = "";
  }
}

/** The same error without a stack, where it is no fault of the provider's: what libvirt says, or that it can't be reached. */
export function forUser(error: unknown): unknown {
  const isExpected = error instanceof LibvirtError || error instanceof ConnectionError;
  return isExpected ? new UserError(error.message, { cause: error }) : error;
}

/** What was done before an update failed is kept: Pulumi's partial state, recognised by these three properties. */
export class PartialError extends UserError {
  readonly id: string;
  /** With `__provider`, without which Pulumi could not load this provider for the resource again. */
  readonly properties: object;
  readonly reasons: string[];

  constructor(message: string, id: string, properties: object, cause: unknown) {
    super(message, { cause });
    this.id = id;
    this.properties = properties;
    this.reasons = [message];
  }
}
