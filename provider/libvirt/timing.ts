import type { LibvirtUri } from "./uri.ts";

/** How long the daemon may take, in milliseconds. */
export interface Timing {
  /** From the start of connecting until the daemon has opened the URI. */
  connectTimeoutMs: number;
  /** The deadline of an ordinary call, from the moment it is sent. */
  callTimeoutMs: number;
  /** The deadline of a call that starts, stops or probes a QEMU. */
  slowCallTimeoutMs: number;
  /** A daemon that was silent for this long is sent a keepalive ping … */
  keepaliveIntervalMs: number;
  /** … and the connection ends when so many in a row are unanswered. */
  keepaliveCount: number;
}

export const DEFAULT_TIMING: Timing = {
  connectTimeoutMs: 2_000,
  callTimeoutMs: 30_000,
  slowCallTimeoutMs: 120_000,
  keepaliveIntervalMs: 5_000,
  keepaliveCount: 6,
};

/**
 * How long to wait for a connection by its transport. A login through ssh or TLS takes several round trips, and the remote
 * host's PAM and DNS take their time.
 */
export function connectTimeoutMs(transport: LibvirtUri["transport"]): number {
  return transport === "unix" ? DEFAULT_TIMING.connectTimeoutMs : 10_000;
}

/** "30 s", "500 ms" */
export function formatMs(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
