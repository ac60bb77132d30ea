import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { MAX_SPICE_PASSWORD, MAX_VNC_PASSWORD, VNC_BASE_PORT } from "./limits.ts";
import { UNKNOWN } from "./unknown.ts";

export function graphicsOptions({ graphics }: Partial<Inputs>): Failure[] {
  if (typeof graphics !== "object" || graphics.type !== "vnc") return [];
  const spice = (["clipboard", "fileTransfer"] as const).filter((name) => graphics[name] !== undefined);
  const { port } = graphics;
  const isLow = typeof port === "number" && port < VNC_BASE_PORT;
  return [
    ...spice.map((name) => ({
      property: `graphics.${name}`,
      reason: 'is an option of SPICE, but graphics.type is "vnc"; remove it, or set graphics.type to "spice"',
    })),
    ...(isLow
      ? [
          {
            property: "graphics.port",
            reason: `is ${port}, but VNC ports start at ${VNC_BASE_PORT}; set a higher one, or remove it to let libvirt choose`,
          },
        ]
      : []),
  ];
}

/** The reasons don't tell the password's length. */
export function graphicsPassword({ graphics }: Partial<Inputs>): Failure[] {
  if (typeof graphics !== "object") return [];
  const { type, password } = graphics;
  if (password === undefined || password === UNKNOWN) return [];
  const most = type === "vnc" ? MAX_VNC_PASSWORD : type === "spice" ? MAX_SPICE_PASSWORD : undefined;
  const reason =
    password === ""
      ? "must not be empty; remove it for a server without a password"
      : most !== undefined && Buffer.byteLength(password) > most
        ? `is longer than ${most} bytes, the most that ${type === "vnc" ? "VNC" : "SPICE"} supports`
        : undefined;
  return reason === undefined ? [] : [{ property: "graphics.password", reason }];
}
