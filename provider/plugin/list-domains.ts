import { status } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { UNKNOWN } from "../args/unknown.ts";
import type { Configured } from "./current-run.ts";
import { ProtocolError } from "./failure.ts";
import { withMarks } from "./secrets.ts";
import { type Properties, received } from "./values.ts";

/** The domains of a host, each with the id that imports it. */
export async function listDomains(
  { session, operations }: Pick<Configured, "session" | "operations">,
  request: pb.ListRequest,
): Promise<pb.ListResponse[]> {
  const query = received(request.getQuery());
  const uri = session.resolveUri(listedUri(query.value));
  const domains = await operations.keeping([withMarks(query)], async () =>
    (await session.hypervisor(uri)).list(),
  );
  const limit = request.getLimit();
  return (limit > 0 ? domains.slice(0, limit) : domains).map(({ uuid, name }) => {
    const result = new pb.ListResponse.Result();
    result.setId(uuid);
    result.setName(name);
    const answer = new pb.ListResponse();
    answer.setResult(result);
    return answer;
  });
}

/** @throws ProtocolError for a filter that doesn't exist: without it, the list would have more domains than the caller means */
function listedUri(query: Properties): string | undefined {
  const others = Object.keys(query).filter((name) => name !== "uri");
  const { uri = null } = query;
  const isUri = uri === null || (typeof uri === "string" && uri !== UNKNOWN);
  const wrong = [
    ...others.map((name) => `${name} is not a filter of this list, which only has uri`),
    ...(isUri ? [] : ["uri must be a libvirt URI, as a string"]),
  ];
  if (wrong.length > 0) throw new ProtocolError(status.INVALID_ARGUMENT, wrong.join("\n"));
  return typeof uri === "string" ? uri : undefined;
}
