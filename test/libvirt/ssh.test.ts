import { describe, expect, test } from "vitest";
import { remoteProxies, sshCommand } from "../../provider/libvirt/ssh.ts";
import { parseUri } from "../../provider/libvirt/uri.ts";

const always = ["-T", "-e", "none", "-o", "BatchMode=yes"];

describe("the ssh that is started", () => {
  test.each<[string, "native" | "netcat", string, string[]]>([
    ["qemu+ssh://host/system", "native", "ssh", ["--", "host", "virt-ssh-helper 'qemu:///system'"]],
    ["qemu+ssh:///session", "native", "ssh", ["--", "localhost", "virt-ssh-helper 'qemu:///session'"]],
    [
      "qemu+ssh://root@host:2222/system",
      "native",
      "ssh",
      ["-p", "2222", "-l", "root", "--", "host", "virt-ssh-helper 'qemu:///system'"],
    ],
    [
      "qemu+ssh://[fe80::1%25eth0]/system",
      "native",
      "ssh",
      ["--", "fe80::1%eth0", "virt-ssh-helper 'qemu:///system'"],
    ],
    [
      "qemu+ssh://host/system?keyfile=/k&no_verify=1&command=/opt/ssh",
      "native",
      "/opt/ssh",
      [
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-i",
        "/k",
        "--",
        "host",
        "virt-ssh-helper 'qemu:///system'",
      ],
    ],
    [
      "qemu+ssh://host/system?mode=direct",
      "native",
      "ssh",
      ["--", "host", "virt-ssh-helper 'qemu:///system?mode=direct'"],
    ],
    ["qemu+ssh://host/system", "netcat", "ssh", ["--", "host", "nc -U /var/run/libvirt/libvirt-sock"]],
    [
      "qemu+ssh://host/system?mode=direct",
      "netcat",
      "ssh",
      ["--", "host", "nc -U /var/run/libvirt/virtqemud-sock"],
    ],
    [
      "qemu+ssh://host/session?socket=/x%27%3B%20id%20%27&netcat=/opt/my%20nc",
      "netcat",
      "ssh",
      ["--", "host", "'/opt/my nc' -U '/x'\\''; id '\\'''"],
    ],
  ])("%s, %s", (uri, proxy, program, args) => {
    expect(sshCommand(parseUri(uri), proxy)).toEqual({ program, args: [...always, ...args] });
  });
});

describe("what the far end is asked for", () => {
  test.each<[string, string[]]>([
    ["qemu+ssh://host/system", ["native", "netcat"]],
    ["qemu+ssh://host/system?proxy=auto", ["native", "netcat"]],
    ["qemu+ssh://host/system?proxy=native", ["native"]],
    ["qemu+ssh://host/system?proxy=netcat", ["netcat"]],
    ["qemu+ssh://host/system?socket=/x", ["netcat"]],
    ["qemu+ssh://host/session", ["native"]],
    ["qemu+ssh://host/session?socket=/x", ["netcat"]],
  ])("%s: %o", (uri, proxies) => expect(remoteProxies(parseUri(uri))).toEqual(proxies));
});
