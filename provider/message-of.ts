import { AsyncLocalStorage } from "node:async_hooks";
import { messageText } from "./foreign-text.ts";

/** What an error may quote: the URI, or any argument, as other programs and documents do. */
export type Quoted = "uri" | "argument";

/** An error whose message quotes what may be a secret argument. */
export abstract class QuotingError extends Error {
  /** The message without what it quotes. */
  abstract readonly withoutQuotes: string;
  readonly quotes: Quoted = "argument";
}

const withheld = new AsyncLocalStorage<ReadonlySet<Quoted>>();

/** Runs work whose messages must not quote this, because it is secret. */
export function withholdingQuotes<T>(secret: ReadonlySet<Quoted>, work: () => T): T {
  return withheld.run(secret, work);
}

/** Whatever was thrown, as a text for people. */
export function messageOf(error: unknown): string {
  if (error instanceof QuotingError && withheld.getStore()?.has(error.quotes)) return error.withoutQuotes;
  return messageText(error instanceof Error ? error.message : String(error));
}
