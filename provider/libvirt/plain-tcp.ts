import { BlockList, isIP } from "node:net";
import { hostOf, type LibvirtUri } from "./uri.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Why a URI with transport `tcp` is refused: without encryption, whoever is on the way can read and change what is sent, and
 * control the host. It is allowed to this host itself, and where the stack's configuration allows it.
 */
export function plainTcpRefusal(uri: LibvirtUri, allowed: boolean): string | undefined {
  const host = hostOf(uri);
  if (uri.transport !== "tcp" || allowed || isLoopback(host)) return undefined;
  return (
    `transport tcp sends everything unencrypted, graphics passwords in domain XML included, and its daemon usually asks ` +
    `for no login: it is only used for this host (localhost, 127.0.0.0/8, [::1]), but the URI names "${host}"; use ` +
    `qemu+tls or qemu+ssh, or set libvirt-hotplug:allowPlainTcp to true (explain: --allow-plain-tcp)`
  );
}

function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === "localhost";
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}
