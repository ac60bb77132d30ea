import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";

/** Whether a VNC server of this machine takes a password (RFC 6143, security type 2). */
export async function vncAccepts(port: number, password: string): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let received = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    received = Buffer.concat([received, data]);
  });
  const read = async (length: number) => {
    while (received.length < length) await once(socket, "data");
    const bytes = received.subarray(0, length);
    received = received.subarray(length);
    return bytes;
  };
  try {
    const version = await read(12);
    socket.write(version);
    const [count = 0] = await read(1);
    const types = await read(count);
    if (!types.includes(VNC_AUTHENTICATION))
      throw new Error(`the VNC server asks for no password: ${[...types]}`);
    socket.write(Buffer.from([VNC_AUTHENTICATION]));
    socket.write(response(await read(16), password));
    return (await read(4)).readUInt32BE() === 0;
  } finally {
    socket.destroy();
  }
}

const VNC_AUTHENTICATION = 2;

/** The challenge, encrypted by DES with the password, of which each byte's bits are in reverse order. */
function response(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password).copy(key);
  const reversed = key.map((byte) =>
    Number.parseInt(byte.toString(2).padStart(8, "0").split("").reverse().join(""), 2),
  );
  // With the same key three times, triple DES is DES, which OpenSSL has no longer.
  const cipher = createCipheriv("des-ede3", Buffer.concat([reversed, reversed, reversed]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}
