import { messageText } from "./foreign-text.ts";

/** Whatever was thrown, as a text for people. */
export function messageOf(error: unknown): string {
  return messageText(error instanceof Error ? error.message : String(error));
}
