/** Bytes to and from a daemon, however they travel. */
export interface Channel {
  /** Where it leads, for messages. */
  readonly target: string;
  write(bytes: Buffer): void;
  onData(listener: (chunk: Buffer) => void): void;
  /** Called once, when no more bytes will come, with the reason in words. */
  onEnd(listener: (reason: string) => void): void;
  /** Whether it keeps the process from exiting; at first it does. */
  hold(on: boolean): void;
  destroy(): void;
}
