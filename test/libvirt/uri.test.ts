import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test, vi } from "vitest";
import { remoteProxies, sshCommand } from "../../provider/libvirt/ssh.ts";
import { type LibvirtUri, parseUri } from "../../provider/libvirt/uri.ts";
import { messageOf } from "../../provider/message-of.ts";
import { cases } from "../support/properties.ts";

const local = {
  transport: "unix",
  name: "qemu:///system",
  host: undefined,
  user: undefined,
  port: undefined,
};
const remote = { ...local, transport: "ssh", host: "host" };
const tls = { ...remote, transport: "tls" };

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
    ["qemu://host/system", { ...tls, options: {}, text: "qemu+tls://host/system" }],
    ["qemu://host:1/session", { ...tls, port: 1, name: "qemu:///session", options: {} }],
    ["qemu+tls:///system", { ...tls, host: undefined, options: {} }],
    ["qemu+tls://host/system?pkipath=/p&no_verify=1", { ...tls, options: { pkipath: "/p", noVerify: true } }],
    ["qemu+tcp://[::1]:16509/system", { ...remote, transport: "tcp", host: "[::1]", port: 16509 }],
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
    [
      "qemu+tls://me@host/system",
      "transport tls doesn't accept a user; the daemon identifies this client by its certificate",
    ],
    ["qemu://me@host/system", "transport tls doesn't accept a user"],
    ["qemu+tcp://me@host/system", "transport tcp doesn't accept a user"],
    [
      "qemu+tls://host/system?tls_priority=NORMAL",
      "option tls_priority is not supported: it is a setting of GnuTLS",
    ],
    ["qemu+tls://host/system?pkipath=pki", 'option pkipath must be an absolute path, not "pki"'],
    [
      "qemu+tls://host/system?no_tty=1",
      "option no_tty is only for transport ssh; tls accepts name, no_verify",
    ],
    [
      "qemu+tcp://host/system?no_verify=1",
      "option no_verify is only for transport ssh, tls; tcp accepts name",
    ],
    ["qemu+tls://host/system?socket=/x", "option socket is only for transport unix, ssh, libssh, libssh2"],
    ["qemu+libssh2://host/system?sshauth=agent", 'transport "libssh2" is not supported yet'],
    [
      "qemu+ext:///system?command=x",
      'transport "ext" is not supported yet; supported are unix, ssh, tls, tcp',
    ],
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
    ["qemu+ssh://host/system?keyfile=a%c2%9bb", "control characters are not allowed"],
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

  test("a password", () => {
    expect(() => parseUri("qemu+ssh://root:hunter2@host/system")).toThrow(
      'libvirt URI "qemu+ssh://root:…@host/system": a password in the URI is not supported',
    );
  });

  test("a URI of 80 kB", () => {
    expect(() => parseUri(`qemu+ssh://${":".repeat(80_000)}@host/system`)).toThrow(
      "must have at most 8192 characters, but has 80023",
    );
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

// Characters are looked at by regular expressions, whose steps can't be counted: none sees more than a URI may have.
test.each([":", "@", "%", "&", "=", "+", "[", "/", "?", "a:", "@:", "://", "%41"])(
  "of a URI of many %j no more is read than it may have",
  (part) => {
    const exec = vi.spyOn(RegExp.prototype, "exec");
    expect(() => parseUri(`qemu+ssh://${part.repeat(1_000_000)}@host/system`)).toThrow("must have at most");
    const lengths = exec.mock.calls.map(([text]) => text.length);
    exec.mockRestore();
    expect(Math.max(0, ...lengths)).toBeLessThan(20_000);
  },
);

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

const aText = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/\p{Cc}/u.test(text));
const aPath = aText.map((text) => `/${text}`);
const aName = fc
  .string({ unit: fc.constantFrom(..."ab-Z9._"), minLength: 1, maxLength: 10 })
  .map((text) => `x${text}`);
const aHost = fc.oneof(
  aName,
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
);
const aFlag = fc.constantFrom("0", "1");
const aCommand = aText.filter((text) => !text.startsWith("-"));
/** The options of each transport, in any value that it takes. */
const OPTIONS = {
  unix: { socket: aPath, mode: fc.constantFrom("auto", "direct", "legacy") },
  ssh: {
    mode: fc.constantFrom("auto", "direct", "legacy"),
    proxy: fc.constantFrom("auto", "netcat"),
    socket: aPath,
    netcat: aCommand,
    command: aCommand,
    keyfile: aCommand,
    no_verify: aFlag,
    no_tty: aFlag,
  },
  tls: { pkipath: aPath, no_verify: aFlag },
  tcp: {},
};

function uriOf(transport: keyof typeof OPTIONS) {
  return fc
    .record({
      user: transport === "ssh" ? fc.option(aName) : fc.constant(null),
      host: transport === "unix" ? fc.constant("") : aHost,
      port: transport === "unix" ? fc.constant(null) : fc.option(fc.integer({ min: 1, max: 65535 })),
      path: fc.constantFrom("/system", "/session"),
      options: fc.record<Record<string, string>, string>(OPTIONS[transport], { requiredKeys: [] }),
    })
    .map(({ user, host, port, path, options }) => {
      const needsSocket = options.proxy === "netcat" && path === "/session";
      const given = { ...options, ...(needsSocket && { socket: "/s" }) };
      const pairs = Object.entries(given).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
      const authority = `${user === null ? "" : `${user}@`}${host}${port === null ? "" : `:${port}`}`;
      return {
        transport,
        host,
        user,
        port,
        options: given,
        text: `qemu+${transport}://${authority}${path}?${pairs.join("&")}`,
      };
    });
}

const aValidUri = fc.oneof(uriOf("unix"), uriOf("ssh"), uriOf("tls"), uriOf("tcp"));

property.prop([aValidUri], cases(300))(
  "whatever the parts of a URI are, they are read as they are given",
  (uri) => {
    const parsed = parseUri(uri.text);
    expect(parsed).toMatchObject({
      transport: uri.transport,
      host: uri.host || undefined,
      user: uri.user ?? undefined,
      port: uri.port ?? undefined,
    });
    const { no_verify, no_tty, ...texts }: Record<string, string> = uri.options;
    expect(parsed.options).toEqual({
      ...texts,
      ...(no_verify !== undefined && { noVerify: no_verify === "1" }),
      ...(no_tty !== undefined && { noTty: no_tty === "1" }),
    });
    expect(parseUri(parsed.text), "its written form means the same").toEqual(parsed);
  },
);

const aChange = fc.tuple(fc.nat(), fc.constantFrom(..."/:@?#&=%+[]\0 é\n-", "%00", "://"), fc.nat(3));

property.prop([aValidUri, fc.array(aChange, { minLength: 1, maxLength: 4 })], cases(300))(
  "a URI with characters changed is read or refused, and ssh is never given an option by it",
  (uri, changes) => {
    let text = uri.text;
    for (const [place, part, removed] of changes) {
      const at = place % text.length;
      text = text.slice(0, at) + part + text.slice(at + removed);
    }
    let parsed: LibvirtUri;
    try {
      parsed = parseUri(text);
    } catch (error) {
      expect(messageOf(error)).toMatch(/^libvirt URI "/);
      return;
    }
    expect(parseUri(parsed.text)).toEqual(parsed);
    if (parsed.transport !== "ssh") return;
    const { args } = sshCommand(parsed, remoteProxies(parsed)[0]);
    expect(args.at(-3)).toBe("--");
    const [host = "", command = ""] = args.slice(-2);
    expect(host).toMatch(/^[\w:][\w.:%-]*$/);
    expect(command).not.toMatch(/\p{Cc}/u);
    // As a POSIX shell reads it: nothing outside of quotes has a meaning.
    expect(command.replace(/'[^']*'|\\'/g, "")).toMatch(/^[\w/. -]*$/);
  },
);
