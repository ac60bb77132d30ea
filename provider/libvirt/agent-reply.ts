import { ConnectionError } from "./errors.ts";

/** The `return` of a guest agent's reply. It is the guest's text, which libvirt passes on. */
export function agentReply(text: string): unknown {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch {
    reply = undefined;
  }
  if (typeof reply !== "object" || reply === null)
    throw new ConnectionError("the guest agent's reply is not a JSON object");
  return "return" in reply ? reply.return : undefined;
}
