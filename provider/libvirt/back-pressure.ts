import type { Readable, Writable } from "node:stream";

/** The bytes that may wait to be sent, in addition to the longest message. */
const UNSENT_MAX = 1024 * 1024;

/**
 * Writes to a daemon, and reads nothing more from it while it doesn't take what was written. Otherwise a daemon that pings
 * and doesn't read would fill this process's memory with answers.
 *
 * What is written in one go, such as the calls that several domains make at a time, goes out in one system call: each one wakes
 * the daemon, which on a busy machine takes the processor from this process.
 */
export function writeWithBackPressure(to: Writable, from: Readable): (bytes: Buffer) => void {
  to.on("drain", () => {
    if (from.isPaused()) from.resume();
  });
  let isCorked = false;
  const send = () => {
    isCorked = false;
    to.uncork();
  };
  return (bytes) => {
    if (!isCorked) {
      isCorked = true;
      to.cork();
      process.nextTick(send);
    }
    to.write(bytes);
    if (to.writableLength > UNSENT_MAX) from.pause();
  };
}
