import { type Clock, hostClock } from "../deadline.ts";
import { ConnectionError } from "./errors.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { plainTcpRefusal } from "./plain-tcp.ts";
import { RpcHypervisor } from "./rpc-hypervisor.ts";
import { connectTimeoutMs, DEFAULT_TIMING, type Timing } from "./timing.ts";
import { parseUri } from "./uri.ts";

export interface ConnectOptions extends Partial<Timing> {
  /** Whether a URI with transport `tcp` may name another host than this one. */
  allowPlainTcp?: boolean;
}

/**
 * Opens a connection to libvirt.
 *
 * @param options other times than those of `DEFAULT_TIMING`
 * @throws ConnectionError for an invalid URI, when there is no answer, or when plain TCP isn't allowed; LibvirtError when
 *   libvirt refuses
 */
export async function connect(
  uri: string,
  { allowPlainTcp = false, ...options }: ConnectOptions = {},
  clock: Clock = hostClock,
): Promise<Hypervisor> {
  const parsed = parseUri(uri);
  const refusal = plainTcpRefusal(parsed, allowPlainTcp);
  if (refusal !== undefined) throw new ConnectionError(refusal, { code: "plain-tcp" });
  const timing = { ...DEFAULT_TIMING, connectTimeoutMs: connectTimeoutMs(parsed.transport), ...options };
  const hypervisor = new RpcHypervisor(parsed, timing, clock);
  await hypervisor.connected();
  return hypervisor;
}
