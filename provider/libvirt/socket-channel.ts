import type { Socket } from "node:net";
import { writeWithBackPressure } from "./back-pressure.ts";
import type { Channel } from "./channel.ts";

/** A channel through a socket that is being connected. */
export function socketChannel(
  socket: Socket,
  target: string,
  explain: (error: NodeJS.ErrnoException) => string,
): Channel {
  socket.unref();
  let reason = "the daemon closed the connection";
  socket.on("error", (error: NodeJS.ErrnoException) => {
    reason = explain(error);
  });
  return {
    target,
    write: writeWithBackPressure(socket, socket),
    onData: (listener) => void socket.on("data", listener),
    onEnd: (listener) => void socket.once("close", () => listener(reason)),
    destroy: () => void socket.destroy(),
  };
}
