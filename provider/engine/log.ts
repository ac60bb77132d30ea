import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import { messageText } from "../foreign-text.ts";

export type Severity = "info" | "warning";

/** Logs a message on a resource's row and under its diagnostics; `status` only changes the row. */
export interface EngineLog {
  message(urn: string, severity: Severity, text: string): Promise<void>;
  status(urn: string, text: string): Promise<void>;
}

/**
 * The log of the engine that started this process: its address is the last argument of Pulumi's provider host
 * (sdk/nodejs/cmd/dynamic-provider). Outside of such a host, nothing is logged.
 */
export function engineLog(argument: string | undefined): EngineLog {
  const client = argument !== undefined && /^[\w.[\]:-]+:\d+$/.test(argument) ? open(argument) : undefined;
  const send = (urn: string, severity: Severity, text: string, ephemeral: boolean): Promise<void> => {
    if (client === undefined) return Promise.resolve();
    const request = new engine.LogRequest();
    request.setSeverity(severity === "warning" ? engine.LogSeverity.WARNING : engine.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(messageText(text));
    request.setEphemeral(ephemeral);
    // A failure to log must not fail the operation: an engine that is shutting down closes its log first.
    return new Promise((resolve) => client.log(request, () => resolve()));
  };
  return {
    message: (urn, severity, text) => send(urn, severity, text, false),
    status: (urn, text) => send(urn, "info", text, true),
  };
}

/**
 * The log without a status that the row already shows: where the output isn't a terminal, the engine prints each one on a line of
 * its own, and a wait would repeat it with each query.
 */
export function withoutRepeats(log: EngineLog): EngineLog {
  const shown = new Map<string, string>();
  return {
    message: (urn, severity, text) => {
      shown.delete(urn);
      return log.message(urn, severity, text);
    },
    status: async (urn, text) => {
      if (shown.get(urn) === text) return;
      shown.set(urn, text);
      await log.status(urn, text);
    },
  };
}

function open(address: string): EngineClient {
  return new EngineClient(address, credentials.createInsecure());
}
