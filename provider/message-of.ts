import { AsyncLocalStorage } from "node:async_hooks";
import { messageText } from "./foreign-text.ts";

/** An error whose message quotes another program or a document, which may have a secret argument in it. */
export abstract class QuotingError extends Error {
  /** The message without what it quotes. */
  abstract readonly withoutQuotes: string;
}

const withheld = new AsyncLocalStorage<boolean>();

/** Runs work whose messages must not quote other programs or documents: a text among its arguments is secret. */
export function withholdingQuotes<T>(isWithheld: boolean, work: () => T): T {
  return withheld.run(isWithheld, work);
}

/** Whatever was thrown, as a text for people. */
export function messageOf(error: unknown): string {
  if (error instanceof QuotingError && withheld.getStore() === true) return error.withoutQuotes;
  return messageText(error instanceof Error ? error.message : String(error));
}
