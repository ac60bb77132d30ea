/**
 * Bytes to and from a daemon, however they travel. A channel alone does not keep the process from exiting;
 * the deadline of a call in flight does.
 */
export interface Channel {
  /** Where it leads, for messages. */
  readonly target: string;
  write(bytes: Buffer): void;
  onData(listener: (chunk: Buffer) => void): void;
  /** Called once, when no more bytes will come, with the reason in words. */
  onEnd(listener: (reason: string) => void): void;
  destroy(): void;
}
