/**
 * Carries bytes to and from a daemon. A channel doesn't keep the process from exiting; the deadline of a call in flight
 * does.
 */
export interface Channel {
  /** What it connects to, for messages. */
  readonly target: string;
  write(bytes: Buffer): void;
  onData(listener: (chunk: Buffer) => void): void;
  /** Called once, when no more bytes will arrive, with the reason as text for people. */
  onEnd(listener: (reason: string) => void): void;
  destroy(): void;
}
