import type pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Failure } from "../args/failure.ts";
import { domainUuid } from "../args/identity.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { ownerOf } from "../operations/ownership.ts";
import type { Session } from "../session.ts";
import type { Properties } from "./values.ts";

/** The enum AutonamingOptions.Mode of provider.proto. */
const DISABLE = 2;

interface Checked {
  urn: string;
  olds: Properties;
  news: Properties;
}

/**
 * The program's arguments with the name that the stack's `pulumi:autonaming` proposes, where the program sets none. Each run
 * proposes another one, so a domain of the resource that is there already keeps its name: in a replace, and after a create that was
 * killed.
 */
export async function named(
  session: Session,
  { urn, olds, news }: Checked,
  autonaming: pb.CheckRequest.AutonamingOptions | undefined,
): Promise<{ value: Properties; failures: Failure[] }> {
  const hasName = (news.name ?? olds.name ?? session.run.of(urn).recorded?.name ?? undefined) !== undefined;
  if (autonaming === undefined || hasName) return { value: news, failures: [] };
  if (autonaming.getMode() === DISABLE) {
    const reason = "is required: pulumi:autonaming disables automatic names";
    return { value: news, failures: [{ property: "name", reason }] };
  }
  const name = (await presentName(session, urn, news.uri)) ?? autonaming.getProposedName();
  return { value: { ...news, name }, failures: [] };
}

async function presentName(session: Session, urn: string, given: unknown): Promise<string | undefined> {
  if (given === UNKNOWN) return undefined;
  const uri = session.uriFor({ __urn: urn, uri: typeof given === "string" ? given : undefined });
  return session.ask(uri, async (hypervisor) => {
    const domain = await hypervisor.findByUuid(domainUuid(urn));
    if (domain === undefined) return undefined;
    const { ownership } = await ownerOf(hypervisor, domain);
    return ownership?.urn === urn ? domain.name : undefined;
  });
}
