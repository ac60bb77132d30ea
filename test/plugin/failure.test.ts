import { status } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import { expect, test } from "vitest";
import { PartialError } from "../../provider/errors.ts";
import { serviceError } from "../../provider/plugin/failure.ts";
import { received, secret } from "../../provider/plugin/values.ts";

test("an update that failed in part carries the state to record", () => {
  const error = new PartialError(
    "the guest has less",
    "some-id",
    { memory: secret("1GiB"), gone: undefined },
    undefined,
  );
  const { code, details, metadata } = serviceError(error);
  expect({ code, details }).toEqual({ code: status.UNKNOWN, details: "the guest has less" });
  const [bytes] = metadata.get("grpc-status-details-bin");
  const [packed] = statuses.Status.deserializeBinary(bytes as Buffer).getDetailsList();
  expect(packed?.getTypeName()).toBe("pulumirpc.ErrorResourceInitFailed");
  const failed = pb.ErrorResourceInitFailed.deserializeBinary(packed?.getValue_asU8() ?? new Uint8Array());
  expect(failed.getId()).toBe("some-id");
  expect(failed.getReasonsList()).toEqual(["the guest has less"]);
  expect(received(failed.getProperties())).toMatchObject({ value: { memory: "1GiB" }, secrets: ["memory"] });
});
