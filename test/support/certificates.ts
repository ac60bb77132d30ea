import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate authority, server or client of a test. Made where it is used: none outlives its test. */
export interface Identity {
  /** PEM. */
  certificate: string;
  /** PEM. */
  key: string;
  name: string;
  privateKey: KeyObject;
}

export interface CertificateOptions {
  /** The common name. */
  name: string;
  /** Who signs it; by default it signs itself. */
  issuer?: Identity;
  isCa?: boolean;
  /** Host names and addresses (subjectAltName). */
  hosts?: string[];
  /** Hours from now. Default: an hour ago, and in a day. */
  validHours?: [from: number, to: number];
  /** Extended key usage. Default: none, for every use. */
  use?: "server" | "client";
}

/** Object identifiers (RFC 5280, RFC 5758), encoded. */
const OID = {
  commonName: "550403",
  ecdsaWithSha256: "2a8648ce3d040302",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  server: "2b06010505070301",
  client: "2b06010505070302",
};

/** A certificate by RFC 5280, signed by ECDSA: Node reads them, but can't make them. */
export function makeCertificate(options: CertificateOptions): Identity {
  const { name, issuer, isCa = false, hosts = [], validHours = [-1, 24], use } = options;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const toBeSigned = sequence(
    // Version 3, which has extensions.
    explicit(0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(...validHours.map(time)),
    distinguishedName(name),
    publicKey.export({ type: "spki", format: "der" }),
    explicit(
      3,
      sequence(
        extension(OID.basicConstraints, sequence(...(isCa ? [TRUE] : [])), true),
        // keyCertSign and cRLSign, or digitalSignature.
        extension(OID.keyUsage, isCa ? der(0x03, Buffer.from([1, 0x06])) : der(0x03, Buffer.from([7, 0x80]))),
        ...(use === undefined ? [] : [extension(OID.extendedKeyUsage, sequence(oid(OID[use])))]),
        ...(hosts.length === 0
          ? []
          : [extension(OID.subjectAltName, sequence(...hosts.map(alternativeName)))]),
      ),
    ),
  );
  const signature = sign("sha256", toBeSigned, issuer?.privateKey ?? privateKey);
  const certificate = sequence(toBeSigned, algorithm, bitString(signature));
  return {
    name,
    privateKey,
    certificate: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const TRUE = der(0x01, Buffer.from([0xff]));

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function explicit(number: number, content: Buffer): Buffer {
  return der(0xa0 + number, content);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(name)))));
}

/** UTCTime, for years until 2049. */
function time(hours: number): Buffer {
  const date = new Date(Date.now() + hours * 3_600_000).toISOString();
  return der(0x17, Buffer.from(`${date.slice(2, 19).replace(/\D/g, "")}Z`));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [TRUE] : []), der(0x04, value));
}

/** A dNSName or an IPv4 iPAddress. */
function alternativeName(host: string): Buffer {
  if (isIP(host) === 4) return der(0x87, Buffer.from(host.split(".").map(Number)));
  return der(0x82, Buffer.from(host));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
