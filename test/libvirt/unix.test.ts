import { expect, test } from "vitest";
import { socketPath } from "../../provider/libvirt/unix.ts";
import { parseUri } from "../../provider/libvirt/uri.ts";

const RUNTIME = { XDG_RUNTIME_DIR: "/run/user/1000" };
const DIRECT = "/var/run/libvirt/virtqemud-sock";

test.each<[string, string, { env?: object; uid?: number; there?: string[] }]>([
  ["qemu:///system", "/var/run/libvirt/libvirt-sock", {}],
  ["qemu:///system", DIRECT, { there: [DIRECT] }],
  ["qemu:///system", DIRECT, { there: [DIRECT, "/var/run/libvirt/libvirt-sock"] }],
  ["qemu:///system?mode=legacy", "/var/run/libvirt/libvirt-sock", { there: [DIRECT] }],
  ["qemu:///system?mode=direct", DIRECT, {}],
  ["qemu:///system?socket=/x/sock&mode=direct", "/x/sock", {}],
  ["qemu:///session", "/run/user/1000/libvirt/libvirt-sock", { env: RUNTIME }],
  ["qemu:///session?mode=direct", "/run/user/1000/libvirt/virtqemud-sock", { env: RUNTIME }],
  ["qemu:///session", "/cache/libvirt/libvirt-sock", { env: { XDG_CACHE_HOME: "/cache" } }],
  ["qemu:///session", "/home/me/.cache/libvirt/libvirt-sock", { env: { XDG_RUNTIME_DIR: "" } }],
  ["qemu:///session", "/var/run/libvirt/libvirt-sock", { env: RUNTIME, uid: 0 }],
])("%s leads to %s with %o", (uri, path, { env = {}, uid = 1000, there = [] }) => {
  const here = { env: { ...env }, home: "/home/me", uid, exists: (file: string) => there.includes(file) };
  expect(socketPath(parseUri(uri), here)).toBe(path);
});
