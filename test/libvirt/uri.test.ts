import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type LibvirtUri, parseUri } from "../../provider/libvirt/uri.ts";
import { cases } from "../support/properties.ts";

const local = {
  transport: "unix",
  name: "qemu:///system",
  host: undefined,
  user: undefined,
  port: undefined,
};
const remote = { ...local, transport: "ssh", host: "host" };

describe("accepted", () => {
  test.each<[string, object]>([
    ["qemu:///system", { ...local, options: {} }],
    ["qemu:///session", { ...local, name: "qemu:///session", options: {} }],
    ["QEMU+UNIX:///system", { ...local, options: {}, text: "qemu:///system" }],
    [
      "qemu:///system?socket=/opt/run/libvirt-sock",
      { ...local, options: { socket: "/opt/run/libvirt-sock" } },
    ],
    ["qemu:///system?mode=direct", { ...local, options: { mode: "direct" } }],
    [
      "qemu:///?name=qemu:///session",
      { ...local, name: "qemu:///session", options: {}, text: "qemu:///session" },
    ],
    ["qemu+ssh://host/system", { ...remote, options: {} }],
    ["qemu+ssh:///system", { ...remote, host: undefined, options: {} }],
    ["qemu+ssh://root@host:2222/session", { ...remote, name: "qemu:///session", user: "root", port: 2222 }],
    ["qemu+ssh://me%40corp@host/system", { ...remote, user: "me@corp" }],
    ["qemu+ssh://[fe80::1%25eth0]:22/system", { ...remote, host: "[fe80::1%25eth0]", port: 22 }],
    ["qemu+ssh://192.0.2.7/system", { ...remote, host: "192.0.2.7" }],
    [
      "qemu+ssh://host/system?proxy=netcat&netcat=/opt/nc",
      { ...remote, options: { proxy: "netcat", netcat: "/opt/nc" } },
    ],
    [
      "qemu+ssh://host/system?proxy=native;mode=legacy",
      { ...remote, options: { proxy: "native", mode: "legacy" } },
    ],
    ["qemu+ssh://host/system?no_verify=1&no_tty=0", { ...remote, options: { noVerify: true, noTty: false } }],
    ["qemu+ssh://host/system?keyfile=/home/a%20b/key", { ...remote, options: { keyfile: "/home/a b/key" } }],
    ["qemu+ssh://host/system?command=/opt/ssh", { ...remote, options: { command: "/opt/ssh" } }],
  ])("%s", (uri, parts) => {
    const parsed = parseUri(uri);
    expect(parsed).toMatchObject(parts);
    expect(parseUri(parsed.text), "its written form means the same").toEqual(parsed);
  });
});

describe("refused, with the reason", () => {
  test.each<[string, string]>([
    ["", "must have the form driver://host/path, for example qemu:///system"],
    ["qemu", "must have the form driver://host/path"],
    ["/var/run/libvirt/libvirt-sock", "must have the form driver://host/path"],
    ["qemu:///system#top", "must have the form driver://host/path"],
    ["test:///default", 'the driver is "test", but only qemu can hot-plug memory'],
    ["xen:///system", 'the driver is "xen"'],
    ["lxc+ssh://host/system", 'the driver is "lxc"'],
    ["esx://host/?no_verify=1", 'the driver is "esx"'],
    ["qemu://host/system", 'transport "tls" (the default with a host) is not supported yet'],
    ["qemu+tls://host/system", 'transport "tls" is not supported yet'],
    ["qemu+tcp://host/system", 'transport "tcp" is not supported yet'],
    ["qemu+libssh2://host/system?sshauth=agent", 'transport "libssh2" is not supported yet'],
    ["qemu+ext:///system?command=x", 'transport "ext" is not supported yet; supported are unix and ssh'],
    ["qemu+carrier-pigeon://host/system", 'transport "carrier-pigeon" does not exist'],
    ["qemu+ssh+ssh://host/system", 'transport "ssh+ssh" does not exist'],
    ["qemu+unix://host/system", "a unix socket has no user, host or port"],
    ["qemu+unix://root@/system", "a unix socket has no user, host or port"],
    ["qemu:///", 'the path must be /system or /session, not "/"'],
    ["qemu:///embed?root=/x", 'unknown option "root"'],
    ["qemu:///System", 'the path must be /system or /session, not "/System"'],
    ["qemu:///system?name=lxc:///system", 'not "lxc:///system"'],
    ["qemu:///system?sokcet=/x", 'unknown option "sokcet"; transport unix accepts name, socket, mode'],
    ["qemu:///system?constructor=1", 'unknown option "constructor"'],
    [
      "qemu:///system?keyfile=/x",
      "option keyfile is only for transport ssh, libssh, libssh2; unix accepts name, socket, mode",
    ],
    [
      "qemu+ssh://host/system?known_hosts=/x",
      "option known_hosts is only for transport libssh, libssh2; ssh accepts",
    ],
    ["qemu+ssh://host/system?pkipath=/x", "option pkipath is only for transport tls"],
    ["qemu:///system?socket=libvirt-sock", 'option socket must be an absolute path, not "libvirt-sock"'],
    ["qemu:///system?socket=", "option socket has no value"],
    ["qemu:///system?socket", "option socket has no value"],
    ["qemu:///system?mode=auto&mode=direct", "option mode is given twice"],
    ["qemu:///system?mode=fast", 'option mode must be one of auto, direct, legacy, not "fast"'],
    ["qemu+ssh://host/system?proxy=socat", "option proxy must be one of auto, native, netcat"],
    ["qemu+ssh://host/system?proxy=native&netcat=nc", "option netcat can't be combined with proxy=native"],
    ["qemu+ssh://host/system?proxy=native&socket=/x", "option socket can't be combined with proxy=native"],
    ["qemu+ssh://host/session?proxy=netcat", "needs the path of the daemon's socket"],
    ["qemu+ssh://host/system?no_verify=yes", 'option no_verify must be 0 or 1, not "yes"'],
    ["qemu+ssh://host/system?command=-oProxyCommand%3Dx", "option command must not begin with a dash"],
    ["qemu+ssh://host/system?keyfile=%ff", "not percent-encoded UTF-8"],
    ["qemu+ssh://host/system?keyfile=a%00b", "control characters are not allowed"],
    ["qemu+ssh://-oProxyCommand=id/system", "the host must be a name"],
    ["qemu+ssh://host;id/system", "the host must be a name"],
    ["qemu+ssh://$(id)/system", "the host must be a name"],
    ["qemu+ssh://ho%20st/system", "the host must be a name"],
    ["qemu+ssh://-lroot@host/system", "the user must begin with a letter or digit"],
    ["qemu+ssh://%2DoProxyCommand=id@host/system", "the user must begin with a letter or digit"],
    ["qemu+ssh://a%60id%60@host/system", "the user must begin with a letter or digit"],
    ["qemu+ssh://host:0/system", 'the port must be from 1 to 65535, not "0"'],
    ["qemu+ssh://host:70000/system", 'the port must be from 1 to 65535, not "70000"'],
    ["qemu+ssh://host:ssh/system", 'the port must be from 1 to 65535, not "ssh"'],
  ])("%s", (uri, text) => expect(() => parseUri(uri)).toThrow(text));

  test("a password, which is not repeated", () => {
    const parse = () => parseUri("qemu+ssh://root:hunter2@host/system");
    expect(parse).toThrow("a password in the URI is not supported");
    expect(parse).not.toThrow("hunter2");
  });

  // A URI without a password is shown whole, so that the mistake can be found.
  test.each([
    "xen+ssh://me@host/system",
    "qemu+ssh://host:22/systen",
    "qemu+ssh://me@host:22/",
    "qemu+ssh://host:22/system?socket=a@b",
    "xen+ssh://[fe80::1]:22/system",
    "xen:///system?socket=/x:y",
  ])("%s, whole", (uri) => expect(() => parseUri(uri)).toThrow(JSON.stringify(uri)));
});

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

const anUri = fc
  .tuple(
    fc.constantFrom("qemu", "qemu+ssh", "qemu+unix", "xen"),
    fc.string({ maxLength: 20 }),
    fc.constantFrom("/system", "/session", "/", ""),
    fc.string({ maxLength: 30 }),
  )
  .map(([scheme, authority, path, query]) => `${scheme}://${authority}${path}?${query}`);

property.prop([fc.oneof(anUri, fc.string())])(
  "any text is taken apart or refused, never half-read",
  (uri) => {
    let parsed: LibvirtUri;
    try {
      parsed = parseUri(uri);
    } catch (error) {
      expect(error).toHaveProperty("message", expect.stringMatching(/^libvirt URI "/));
      return;
    }
    expect(parsed.host ?? "", "nothing that ssh would take for an option").not.toMatch(/^-|\s/);
    expect(parsed.user ?? "").not.toMatch(/^-|\s/);
  },
);
