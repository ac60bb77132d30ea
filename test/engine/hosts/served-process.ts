import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { HostProcess } from "./host-process.ts";

/** The limit of the real engine. */
const MAX_MESSAGE_BYTES = 400 << 20;

/** The provider service of a host, which prints its port first. */
export async function connectTo(
  host: HostProcess,
  onOutput: (text: string) => void,
): Promise<ResourceProviderClient> {
  const port = await portOf(host, onOutput);
  return new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
}

/** The first line on stdout is the port; all that follows is the provider's own output. */
function portOf(host: HostProcess, onOutput: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = "";
    let found = false;
    host.stdout.on("data", (chunk) => {
      if (found) return onOutput(String(chunk));
      head += String(chunk);
      const end = head.indexOf("\n");
      if (end < 0) return;
      found = true;
      resolve(head.slice(0, end).trim());
      if (head.length > end + 1) onOutput(head.slice(end + 1));
    });
    const early = (code: number) =>
      reject(new Error(`the provider host ended before it served, with ${code}`));
    host.exited.then(early, reject);
  });
}
