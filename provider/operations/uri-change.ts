import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { UserError } from "../errors.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";

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
  const look = await session.look(news.uri, id);
  if (look.kind === "found") return true;
  const why =
    look.kind === "gone" ? "that host has no such domain" : `that host can't be reached: ${look.reason}`;
  throw new UserError(
    `uri can't change from ${state.uri} to ${news.uri}: domain ${state.name} (${id}) must exist there too, but ${why}`,
    { code: "uri-moved" },
  );
}
