import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { UserError } from "../errors.ts";
import type { Outputs } from "../outputs.ts";
import type { LookupResult, Session } from "../session.ts";
import { notOwned } from "./ownership.ts";

/**
 * Whether the program sets another URI than the one in the state. That only changes a setting where the same domain answers
 * at the new URI, such as another name of the same host.
 *
 * @throws UserError when the domain doesn't answer there: this provider doesn't migrate domains
 */
export async function uriChange(
  session: Session,
  id: string,
  state: Outputs,
  news: Inputs,
): Promise<boolean> {
  if (news.uri === undefined || news.uri === UNKNOWN || news.uri === state.uri) return false;
  const why = whyNotThere(await session.look(news.uri, id), { ...state, uri: news.uri }, news.__urn);
  if (why === undefined) return true;
  const text = `uri can't change from ${state.uri} to ${news.uri}: domain ${state.name} (${id}) must exist there too, but ${why}`;
  throw new UserError(redact(text, state, news), { code: "uri-moved" });
}

function whyNotThere(look: LookupResult, state: Outputs, urn: string): string | undefined {
  switch (look.kind) {
    case "gone":
      return "that host has no such domain";
    case "failed":
      return `that host can't be reached: ${look.reason}`;
    case "found":
      return notOwned(look.observation.definition, state, urn)?.text;
  }
}
