import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Writable } from "node:stream";
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { foreignText } from "../foreign-text.ts";
import { writeWithBackPressure } from "./back-pressure.ts";
import type { Channel } from "./channel.ts";
import { ConnectionError } from "./errors.ts";
import { explainNetworkError } from "./network-error.ts";
import { certificatesIn, readTlsFiles, type TlsFiles } from "./tls-files.ts";
import { hostOf, type LibvirtUri } from "./uri.ts";

/** LIBVIRTD_TLS_PORT. */
const DEFAULT_PORT = 16514;
/** What the daemon sends after the handshake if it accepts the client (virNetServerClientCheckAccess), before any packet. */
const ACCEPTED = 1;

const LISTENING =
  "libvirtd listens for TLS with --listen, or by virtproxyd-tls.socket or libvirtd-tls.socket";

export function openTls(uri: LibvirtUri): Channel {
  const host = hostOf(uri);
  const port = uri.port ?? DEFAULT_PORT;
  const target = `the libvirt daemon at ${host}, TLS port ${port}`;
  const files = prefixed(target, () => readTlsFiles(uri));
  const socket = prefixed(target, () => connectTls(host, port, files));
  socket.unref();

  const verify = uri.options.noVerify !== true;
  let isSecure = false;
  let isAccepted = false;
  let reason: string | undefined;
  const fail = (why: string) => {
    reason ??= why;
    socket.destroy();
  };
  const send = writeWithBackPressure(recordsOf(socket), socket);
  const waiting: Buffer[] = [];

  socket.once("secureConnect", () => {
    isSecure = true;
    if (verify && !socket.authorized) fail(explainServer(socket, host, files));
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    reason ??= isRefusal(error) ? refused(files, error) : explainError(error, isSecure);
  });
  return {
    target,
    write(bytes) {
      if (isAccepted) send(bytes);
      else waiting.push(bytes);
    },
    onData(listener) {
      socket.once("data", (first: Buffer) => {
        if (first[0] !== ACCEPTED) return fail(refused(files));
        isAccepted = true;
        for (const bytes of waiting.splice(0)) send(bytes);
        socket.on("data", listener);
        if (first.length > 1) listener(first.subarray(1));
      });
    },
    onEnd: (listener) =>
      void socket.once("close", () => {
        const ended = isSecure && !isAccepted ? refused(files) : "the daemon closed the connection";
        listener(reason ?? ended);
      }),
    destroy: () => void socket.destroy(),
  };
}

/**
 * Writes each packet into TLS records of its own. libvirtd waits for its socket even if GnuTLS has already decrypted the next
 * packet: in a record with two of them, the second one would only be seen when something else comes.
 */
function recordsOf(socket: TLSSocket): Writable {
  const records = new Writable({ write: (packet, _, done) => void socket.write(packet, done) });
  // The socket has the same error, and ends the channel.
  return records.on("error", () => undefined);
}

function connectTls(host: string, port: number, { ca, crl, client, paths }: TlsFiles): TLSSocket {
  // An address may have a zone, which isn't in a certificate.
  const name = host.replace(/%.*$/, "");
  const options: ConnectionOptions = {
    host,
    port,
    // The root CAs of Node aren't trusted: libvirt has a CA of its own.
    ca: ca ?? [],
    ...(crl !== undefined && { crl }),
    ...client,
    minVersion: "TLSv1.2",
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    // Node checks all the same, and `authorized` is looked at before anything is sent: the error can then say what the
    // certificate has.
    rejectUnauthorized: false,
  };
  try {
    return connect(options);
  } catch (error) {
    const files = [paths.cert, paths.key, ...(crl === undefined ? [] : [paths.crl])].join(", ");
    throw new ConnectionError(`one of the files ${files} can't be used for TLS: ${String(error)}`);
  }
}

/** Why the server's certificate isn't accepted. */
function explainServer(socket: TLSSocket, host: string, { ca, paths }: TlsFiles): string {
  const certificate = socket.getPeerX509Certificate();
  // The type is Error, but the value is OpenSSL's code for the chain, else the code of Node's error.
  const code = String(socket.authorizationError);
  if (certificate === undefined) return `it has no certificate (${code})`;
  const server = `its certificate (${foreignText(certificate.subject)})`;
  const byCa =
    ca === undefined
      ? ""
      : `; the CA's, ${paths.ca}, ${validity(certificatesIn(ca, paths.ca, "CA certificate")[0])}`;
  switch (code) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `${server} is for ${namesOf(certificate)}, but the URI names ${host}; use one of those names in the URI, or give the daemon a certificate for ${host}`;
    case "CERT_HAS_EXPIRED":
      return `${server}, or its CA's, has expired: it ${validity(certificate)}${byCa}; renew the expired one`;
    case "CERT_NOT_YET_VALID":
      return `${server}, or its CA's, isn't valid yet: it ${validity(certificate)}${byCa}; compare the clocks`;
    case "CERT_REVOKED":
      return `${server} was revoked, by the list ${paths.crl}; give the daemon a new one`;
    case "UNABLE_TO_GET_CRL":
      return `${server} can't be compared with the revocation list ${paths.crl}, which wasn't issued by the CA that signed it (${foreignText(certificate.issuer)})`;
    case "INVALID_PURPOSE":
      return `${server} isn't a server certificate (extended key usage); give the daemon one that is`;
    default:
      return `${server} is signed by "${foreignText(certificate.issuer)}", which isn't a CA in ${paths.ca} (${code}); add the certificate of the daemon's CA to that file`;
  }
}

/** The names that the certificate is valid for, as in the URI: `host1, 192.0.2.1`. */
function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = subjectAltName?.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
  return foreignText(names?.join(", ") ?? subject);
}

function validity(certificate: X509Certificate | undefined): string {
  return certificate === undefined ? "" : `is valid from ${certificate.validFrom} to ${certificate.validTo}`;
}

/** A TLS alert from the daemon about the client's certificate. */
function isRefusal({ code = "" }: NodeJS.ErrnoException): boolean {
  return /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/.test(code);
}

/** The daemon didn't accept this client. It only says so by closing the connection, or by an alert. */
function refused({ client, paths }: TlsFiles, alert?: NodeJS.ErrnoException): string {
  const how = alert === undefined ? "" : ` (${alert.code})`;
  if (client === undefined) {
    return `it accepts only clients with a certificate${how}, but ${paths.cert} doesn't exist; libvirt's places for it are ~/.pki/libvirt/clientcert.pem and /etc/pki/libvirt/clientcert.pem, and the option pkipath names another folder`;
  }
  const certificate = new X509Certificate(client.cert);
  return `it refused this client's certificate ${paths.cert} (${foreignText(certificate.subject)}, signed by ${foreignText(certificate.issuer)}, ${validity(certificate)})${how}; it must be signed by the daemon's CA (ca_file), not be revoked or expired, and be in tls_allowed_dn_list where that is set`;
}

function explainError(error: NodeJS.ErrnoException, isSecure: boolean): string {
  const { code = "" } = error;
  const isOther = code.startsWith("ERR_SSL_") || code === "EPROTO" || (code === "ECONNRESET" && !isSecure);
  if (!isOther) return explainNetworkError(error, LISTENING);
  return `the TLS handshake failed (${foreignText(error.message)}); libvirt's TLS port is ${DEFAULT_PORT}, its plain TCP port 16509`;
}

function prefixed<T>(target: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new ConnectionError(`cannot connect to ${target}: ${error.message}`);
  }
}
