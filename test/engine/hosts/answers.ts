import type { ServiceError } from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { containsUnknown, markSecretsLike, type Props, propsFromWire } from "../stack/values.ts";

/** What a create, an update or a read came to. */
export interface Outcome {
  id: string;
  outputs: Props;
  /** Only from a read, and only if the provider gave them. */
  inputs?: Props;
  /** Not empty: the resource exists and is not as it should be. */
  initErrors: string[];
}

export type Done<Response> = (error: ServiceError | null, response: Response) => void;

export function answer<Response>(call: (done: Done<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}

interface RawOutcome {
  id: string;
  properties: Struct | undefined;
  inputs?: Struct | undefined;
}

/** `…Like` are the properties sent, whose secret marks carry over to what comes back. */
export async function answerOrPartialFailure<Response>(
  call: (done: Done<Response>) => unknown,
  o: {
    read: (response: Response) => RawOutcome;
    outputsLike: Props;
    inputsLike?: Props;
    /** In a preview. */
    mayBeUnknown?: boolean;
  },
): Promise<Outcome> {
  let raw: RawOutcome;
  let initErrors: string[] = [];
  try {
    raw = o.read(await answer(call));
  } catch (error) {
    const failure = initFailure(error);
    if (!failure) throw error;
    raw = { id: failure.getId(), properties: failure.getProperties(), inputs: failure.getInputs() };
    initErrors = failure.getReasonsList();
  }
  const outcome: Outcome = {
    id: raw.id,
    outputs: markSecretsLike(
      o.mayBeUnknown ? propsFromWire(raw.properties?.toJavaScript()) : knownProps(raw.properties),
      o.outputsLike,
    ),
    initErrors,
  };
  if (raw.inputs) outcome.inputs = markSecretsLike(knownProps(raw.inputs), o.inputsLike ?? {});
  return outcome;
}

export function knownProps(properties: Struct | undefined): Props {
  const props = propsFromWire(properties?.toJavaScript());
  if (containsUnknown(props)) throw new Error("the provider answered with an unknown property value");
  return props;
}

/** A partial failure travels in the status details of a gRPC error. */
function initFailure(error: unknown): messages.ErrorResourceInitFailed | undefined {
  const metadata = (error as Partial<ServiceError>).metadata;
  const details = metadata?.get("grpc-status-details-bin")[0];
  if (details === undefined || typeof details === "string") return undefined;
  for (const any of statuses.Status.deserializeBinary(details).getDetailsList()) {
    const type = "pulumirpc.ErrorResourceInitFailed";
    const failure = any.unpack(messages.ErrorResourceInitFailed.deserializeBinary, type);
    if (failure) return failure;
  }
  return undefined;
}
