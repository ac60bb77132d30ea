import { XmlError } from "./domain/escape.ts";
import { messageText } from "./foreign-text.ts";
import { ConnectionError, LibvirtError } from "./libvirt/errors.ts";
import { messageOf } from "./message-of.ts";
import type { ReasonCode } from "./plan/reason-codes.ts";

interface UserErrorOptions extends ErrorOptions {
  code?: ReasonCode | undefined;
}

/** An error that the user can act on: its message is shown without a stack. */
export class UserError extends Error {
  /** Identifies the rule that refused. */
  readonly code?: ReasonCode;

  constructor(message: string, { code, ...options }: UserErrorOptions = {}) {
    super(messageText(message), options);
    if (code !== undefined) this.code = code;
    // Pulumi's provider host prints `${e}: ${e.stack}` for anything that an operation throws, and `err.stack ||
    // err.message` for uncaught errors (cmd/dynamic-provider/index.js in @pulumi/pulumi): with these two the user sees
    // the message once.
    this.name = "Error";
    this.stack = "";
  }
}

/** The user cancelled the run. */
export class Cancelled extends UserError {
  constructor(message = "cancelled before anything was changed") {
    super(message, { code: "cancelled" });
  }
}

/**
 * A failure that isn't the provider's fault, such as a refusal by libvirt, an unreachable host or a domain's XML that can't be
 * read, without its stack.
 */
export function forUser(error: unknown): unknown {
  if (error instanceof ConnectionError)
    return new UserError(messageOf(error), { cause: error, code: error.code });
  const isExpected = error instanceof LibvirtError || error instanceof XmlError;
  return isExpected ? new UserError(messageOf(error), { cause: error }) : error;
}

/** The code of the rule that an error, or what caused it, names. */
export function reasonCodeOf(error: unknown): ReasonCode | undefined {
  if (error instanceof UserError && error.code !== undefined) return error.code;
  return error instanceof Error && error.cause !== undefined ? reasonCodeOf(error.cause) : undefined;
}

/**
 * An update that failed after it changed something. Pulumi's provider host recognizes it by `id`, `properties` and `reasons`
 * (grpcResponseFromError in cmd/dynamic-provider/index.js) and records the properties, so that the next run continues.
 */
export class PartialError extends UserError {
  readonly id: string;
  /** Include `__provider`, without which Pulumi couldn't load this provider for the resource again. */
  readonly properties: object;
  readonly reasons: string[];

  constructor(message: string, id: string, properties: object, cause: unknown) {
    super(message, { cause, code: reasonCodeOf(cause) });
    this.id = id;
    this.properties = properties;
    this.reasons = [this.message];
  }
}
