import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { parseUri } from "../../provider/libvirt/uri.ts";
import { messageOf } from "../../provider/message-of.ts";
import { cases } from "../support/properties.ts";

/** Where people put a password, right or wrong. MARK can't be encoded away. */
const withPassword = fc
  .tuple(
    fc.constantFrom("qemu", "qemu+ssh", "qemu+tcp", "xen", "QEMU+SSH", "ssh"),
    fc.constantFrom("://", ":///", ":/", ":"),
    fc.constantFrom("me", "me@corp", "m%65", "ü", ""),
    fc.constantFrom(":", "%3A", "%3a"),
    fc.tuple(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.string({ unit: fc.constantFrom(..."@:/?#&;=%[]\"' "), maxLength: 4 }),
    ),
    fc.constantFrom("@host", "@host:22", "@", "@[::1]", "%40host"),
    fc.constantFrom("/system", "/session", "/", "", "/system?socket=/x", "/system?proxy=auto&mode=x", "?a@b"),
  )
  .map(([scheme, slashes, user, colon, [a, b], host, rest]) => ({
    scheme,
    slashes,
    user,
    colon,
    a,
    b,
    host,
    rest,
  }));

describe("a password is in no message", () => {
  property.prop([withPassword, fc.nat(4)], cases(1000))("after a user", (parts, place) => {
    const { scheme, slashes, user, colon, a, b, host, rest } = parts;
    const password = [`${MARK}${a}${b}`, `${b}${MARK}${a}`, `${a}${b}${MARK}`, `${b}${a}${MARK}${b}`, MARK][
      place
    ];
    expect(messageFor(`${scheme}${slashes}${user}${colon}${password}${host}${rest}`)).not.toContain(MARK);
  });

  property.prop(
    [
      fc.constantFrom("qemu:///system", "qemu+ssh://me@host/system", "qemu+ssh://host:22/system", "xen:", ""),
      fc.constantFrom("password", "passwd", "pw", "pass%77ord", "PASSWORD", "constructor", "", " socket"),
      fc.constantFrom("?", "?socket=/x&", "?socket=/x;", "?mode=x&&", "?socket=a@b&"),
      fc.string({ unit: fc.constantFrom(..."@:/?#&;=%[]\"' ä"), maxLength: 4 }),
      fc.constantFrom("", "&socket=/x", "#top", "@host"),
    ],
    cases(1000),
  )("in an option that libvirt doesn't have", (uri, option, before, odd, after) => {
    for (const value of [`${MARK}${odd}`, `${odd}${MARK}`])
      expect(messageFor(`${uri}${before}${option}=${value}${after}`)).not.toContain(MARK);
  });
});

const MARK = "hunter2";

/** The message of the error; empty for a URI that is accepted, which has no place for a password. */
function messageFor(uri: string): string {
  try {
    return parseUri(uri).text.slice(0, 0);
  } catch (error) {
    return (error as Error).message;
  }
}

const around = fc.string({ unit: fc.constantFrom(...':/?#@[]%&;=+"\\ aé\0\n'), maxLength: 8 });

property.prop([
  around,
  around,
  fc.constantFrom("qemu+ssh", "qemu", "qemu+tls", "xen", "q"),
  fc.constantFrom("", "/system", ":22/system?x=1", ":0/system", "/system?socket=x@y"),
])("a password is not repeated, whatever it contains", (before, after, scheme, rest) => {
  const uri = `${scheme}://root:${before}${MARK}${after}@host${rest}`;
  let message = "";
  try {
    parseUri(uri);
  } catch (error) {
    message = messageOf(error);
  }
  expect(message).toMatch(/^libvirt URI "/);
  expect(message).not.toContain(MARK);
});
