import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Failure } from "../args/failure.ts";

export function checkFailures(failures: Failure[]): pb.CheckFailure[] {
  return failures.map(({ property, reason }) => {
    const failure = new pb.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });
}
