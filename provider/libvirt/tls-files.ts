import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConnectionError } from "./errors.ts";
import type { LibvirtUri } from "./uri.ts";

/** Where the certificates of a TLS connection are. */
export interface TlsPaths {
  /** The certificates of the CAs that may sign the server's. */
  ca: string;
  /** Which certificates were revoked; it may be missing. */
  crl: string;
  cert: string;
  key: string;
  /** Without a client certificate there is no connection at all. Else the daemon decides. */
  clientRequired: boolean;
}

export interface TlsEnvironment {
  home: string;
  uid: number;
  exists(path: string): boolean;
}

const SYSTEM = "/etc/pki";

/**
 * libvirt's rule (https://libvirt.org/kbase/tlscerts.html): the folder of the option `pkipath`; else for each file the
 * user's folder, unless root connects, and then the system's. A certificate and its key come from the same folder.
 */
export function tlsPaths({ options }: LibvirtUri, { home, uid, exists }: TlsEnvironment): TlsPaths {
  const inFolder = (folder: string) => ({
    ca: join(folder, "cacert.pem"),
    crl: join(folder, "cacrl.pem"),
    cert: join(folder, "clientcert.pem"),
    key: join(folder, "clientkey.pem"),
  });
  if (options.pkipath !== undefined) return { ...inFolder(options.pkipath), clientRequired: true };
  const own = inFolder(join(home, ".pki", "libvirt"));
  const isThere = (path: string) => uid !== 0 && exists(path);
  const [cert, key] =
    isThere(own.cert) && isThere(own.key)
      ? [own.cert, own.key]
      : [join(SYSTEM, "libvirt", "clientcert.pem"), join(SYSTEM, "libvirt", "private", "clientkey.pem")];
  return {
    ca: isThere(own.ca) ? own.ca : join(SYSTEM, "CA", "cacert.pem"),
    crl: isThere(own.crl) ? own.crl : join(SYSTEM, "CA", "cacrl.pem"),
    cert,
    key,
    clientRequired: false,
  };
}

/** Both places of a file, for an error: the user's first, as it is looked for. */
const PLACES =
  "libvirt's places for it are ~/.pki/libvirt and /etc/pki; the option pkipath names another folder";

/** What a TLS connection is made with. */
export interface TlsFiles {
  paths: TlsPaths;
  ca: string | undefined;
  crl: string | undefined;
  client: { cert: string; key: string } | undefined;
}

/** @throws ConnectionError that names the file that is missing or unusable */
export function readTlsFiles(uri: LibvirtUri): TlsFiles {
  const paths = tlsPaths(uri, { home: homedir(), uid: process.getuid?.() ?? -1, exists: existsSync });
  const ca = readIfThere(paths.ca, "CA certificate");
  if (ca === undefined && uri.options.noVerify !== true) {
    throw missing("CA certificate", paths.ca);
  }
  if (ca !== undefined) certificatesIn(ca, paths.ca, "CA certificate");
  const cert = readIfThere(paths.cert, "client certificate");
  const key = cert === undefined ? undefined : readIfThere(paths.key, "client's private key");
  if (cert === undefined && paths.clientRequired) throw missing("client certificate", paths.cert);
  if (cert !== undefined && key === undefined) throw missing("client's private key", paths.key);
  if (cert !== undefined) certificatesIn(cert, paths.cert, "client certificate");
  return {
    paths,
    ca,
    crl: readIfThere(paths.crl, "certificate revocation list"),
    client: cert === undefined || key === undefined ? undefined : { cert, key },
  };
}

function missing(what: string, path: string): ConnectionError {
  return new ConnectionError(`the ${what} ${path} doesn't exist; ${PLACES}`);
}

function readIfThere(path: string, what: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // Read from a file: nothing else is thrown.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const why =
      code === "EACCES" ? "permission denied; it must be readable by the user who runs Pulumi" : message;
    throw new ConnectionError(`the ${what} ${path} can't be read: ${why}`);
  }
}

const PEM_CERTIFICATE =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The certificates of a PEM file. Node takes a file without any, and then trusts nothing. */
export function certificatesIn(pem: string, path: string, what: string): X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE) ?? [];
  try {
    if (blocks.length === 0) throw new Error("no certificate in it");
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new ConnectionError(`the ${what} ${path} doesn't contain a certificate in PEM form`);
  }
}
