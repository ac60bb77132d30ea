import fc from "fast-check";
import { expect, test } from "vitest";
import { daemonKey } from "../../provider/libvirt/daemon-key.ts";
import { cases } from "../support/properties.ts";

/** A daemon, and ways to write its URI. */
const DAEMONS = [
  ["qemu:///system", "QEMU:///system", "qemu+unix:///system", "qemu:///system?mode=direct"],
  ["qemu:///session"],
  ["qemu:///system?socket=/run/a"],
  [
    ...["qemu+ssh://root@host/system", "qemu+ssh://host:22/system", "qemu+SSH://admin@HOST/system"],
    ...["qemu+ssh://host/system?keyfile=/k", "qemu+ssh://host/?name=qemu:///system"],
  ],
  ["qemu+ssh://host:2222/system"],
  ["qemu+ssh://a@host/session"],
  ["qemu+ssh://b@host/session", "qemu+ssh://b@Host/session?no_tty=1"],
  ["qemu+ssh://host/system?command=/opt/jump"],
  ["qemu://host/system", "qemu+tls://host/system", "qemu+tls://host:16514/system?pkipath=/p"],
  ["qemu+tcp://host/system", "qemu+tcp://HOST:16509/system"],
  ["qemu+tls://u:hunter2@host/system"],
  ["constructor"],
  [""],
] as const;

const anyUri = fc
  .nat(DAEMONS.length - 1)
  .chain((daemon) => fc.constantFrom(...(DAEMONS[daemon] ?? [])).map((uri) => ({ daemon, uri })));

test("two URIs have one key exactly where they lead to one daemon", () => {
  fc.assert(
    fc.property(anyUri, anyUri, (one, other) => {
      expect(daemonKey(one.uri) === daemonKey(other.uri)).toBe(one.daemon === other.daemon);
    }),
    cases(1000),
  );
});
