import { foreignText } from "../foreign-text.ts";
import { QuotingError } from "../message-of.ts";

/** The codes of virErrorNumber that the provider distinguishes; texts differ between versions. */
export const ErrorCode = {
  INTERNAL: 1,
  NO_SUPPORT: 3,
  INVALID_ARG: 8,
  OPERATION_FAILED: 9,
  XML_ERROR: 27,
  DOM_EXIST: 28,
  OPERATION_DENIED: 29,
  XML_DETAIL: 35,
  SYSTEM_ERROR: 38,
  RPC: 39,
  NO_DOMAIN: 42,
  NO_NETWORK: 43,
  AUTH_FAILED: 45,
  NO_STORAGE_POOL: 49,
  NO_STORAGE_VOL: 50,
  OPERATION_INVALID: 55,
  NO_INTERFACE: 57,
  CONFIG_UNSUPPORTED: 67,
  OPERATION_TIMEOUT: 68,
  NO_DOMAIN_METADATA: 80,
  OPERATION_UNSUPPORTED: 84,
  ACCESS_DENIED: 88,
  STORAGE_VOL_EXIST: 90,
  AUTH_UNAVAILABLE: 94,
} as const;

/** The fields of libvirt's virError in a reply. */
export interface LibvirtErrorFields {
  /** virErrorNumber; see `ErrorCode`. */
  code: number;
  /** virErrorDomain: the part of libvirt that reported it (10: QEMU, 16: remote). */
  domain: number;
  /** virErrorLevel (1: warning, 2: error). */
  level: number;
  message: string | null;
  str1: string | null;
  str2: string | null;
  str3: string | null;
  /** The errno of a system error. */
  int1?: number;
}

/** libvirt replied with an error: its own code, domain, level and text. */
export class LibvirtError extends QuotingError {
  override readonly name = "LibvirtError";
  readonly code: number;
  readonly domain: number;
  readonly level: number;
  readonly str1: string | null;
  readonly str2: string | null;
  readonly str3: string | null;
  readonly int1: number | undefined;

  constructor(fields: LibvirtErrorFields) {
    super(foreignText(fields.message ?? `libvirt error ${fields.code} without a message`));
    this.code = fields.code;
    this.domain = fields.domain;
    this.level = fields.level;
    this.str1 = fields.str1;
    this.str2 = fields.str2;
    this.str3 = fields.str3;
    this.int1 = fields.int1;
  }

  get withoutQuotes(): string {
    return `libvirt refused it with error code ${this.code} (error domain ${this.domain}); the message isn't shown, because it may quote a secret argument`;
  }
}

/**
 * The URI is invalid, or the daemon couldn't be reached, closed the connection, didn't answer in time, or sent something other than libvirt's
 * protocol. It never means that a domain doesn't exist.
 */
export class ConnectionError extends QuotingError {
  override readonly name = "ConnectionError";
  override readonly quotes = "uri";
  readonly withoutQuotes: string =
    "the connection to libvirt failed; the reason isn't shown, because it may quote a secret argument";
  /** Identifies the rule by which the provider didn't even try. */
  readonly code?: "plain-tcp";

  constructor(message: string, { code }: { code?: "plain-tcp" } = {}) {
    super(message);
    if (code !== undefined) this.code = code;
  }
}

/** Whether libvirt replied with that code. */
export function hasCode(error: unknown, code: number): error is LibvirtError {
  return error instanceof LibvirtError && error.code === code;
}
