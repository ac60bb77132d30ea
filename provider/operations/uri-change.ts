import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { UserError } from "../errors.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";

/**
 * Whether the program names another URI than the one that the state has. That is a setting where the same domain
 * answers there (the host has a second name), and an error elsewhere: a domain is not moved by this provider.
 */
export async function uriChange(
  session: Session,
  id: string,
  state: Outputs,
  news: Inputs,
): Promise<boolean> {
  if (news.uri === undefined || news.uri === UNKNOWN || news.uri === state.uri) return false;
  const look = await session.look(news.uri, id);
  if ("found" in look) return true;
  const why = "failed" in look ? `it can't be asked: ${look.failed}` : "no domain with that UUID is there";
  throw new UserError(
    `uri can't change from ${state.uri} to ${news.uri}: domain ${state.name} (${id}) must answer there too, and ${why}`,
  );
}
