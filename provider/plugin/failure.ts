import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import { forUser, PartialError, UserError } from "../errors.ts";
import { messageText } from "../foreign-text.ts";
import { messageOf } from "../message-of.ts";
import { sent } from "./values.ts";

/** A call that this plugin refuses for a reason of the protocol. */
export class ProtocolError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whatever a handler threw, as gRPC carries it to the engine. */
export function serviceError(thrown: unknown): ServiceError {
  const error = forUser(thrown);
  const message = textOf(error);
  const code = error instanceof ProtocolError ? error.code : status.UNKNOWN;
  const metadata = error instanceof PartialError ? initFailed(error, message) : new Metadata();
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** An unexpected error is a fault of the provider itself: it includes the stack trace, for a bug report. */
function textOf(error: unknown): string {
  const isExpected = error instanceof UserError || error instanceof ProtocolError;
  if (isExpected || !(error instanceof Error)) return messageOf(error);
  return messageText(error.stack || error.message);
}

/**
 * The engine records the properties, and the reasons under `initErrors`, and updates in the next run
 * (rpcerror in pulumi's sdk/go/common/util/rpcutil; grpcResponseFromError in cmd/dynamic-provider/index.js).
 */
function initFailed({ id, properties, reasons }: PartialError, message: string): Metadata {
  const detail = new provider.ErrorResourceInitFailed();
  detail.setId(id);
  detail.setProperties(sent(properties));
  detail.setReasonsList(reasons);
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const answer = new statuses.Status();
  answer.setCode(status.UNKNOWN);
  answer.setMessage(message);
  answer.addDetails(packed);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
  return metadata;
}
