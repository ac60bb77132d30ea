import { defined } from "../defined.ts";
import { parseDomain, readDomainXml } from "./parse.ts";
import type { GraphicsSpec } from "./spec.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  type SharedElement,
  serialiseNode,
  setAttribute,
} from "./tree.ts";

/**
 * libvirt prints the address twice, and refuses a definition where the attribute `listen` differs from the first `<listen>`
 * (virDomainGraphicsListensParseXML).
 */
export function graphicsElement(spec: GraphicsSpec): Element {
  const { type, listen, port, password, clipboard, fileTransfer } = spec;
  return element(
    "graphics",
    { type, port, autoport: port === undefined ? "yes" : "no", listen, passwd: password },
    listen === undefined ? undefined : element("listen", { type: "address", address: listen }),
    clipboard === undefined ? undefined : element("clipboard", { copypaste: yesNo(clipboard) }),
    fileTransfer === undefined ? undefined : element("filetransfer", { enable: yesNo(fileTransfer) }),
  );
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** The graphics of a domain, without its password. */
export interface Graphics {
  /** vnc, spice, … */
  type: string;
  /** The address that the server listens on; undefined where the host's configuration decides. */
  listen?: string;
  /** Undefined where libvirt chooses one at the start. */
  port?: number;
}

export function readGraphics(domain: SharedElement): Graphics[] {
  return children(find(domain, "devices"), "graphics").map((one) => {
    const port = Number(attribute(one, "port") ?? -1);
    return defined({
      type: attribute(one, "type") ?? "",
      listen: attribute(one, "listen") ?? attribute(find(one, "listen"), "address"),
      port: port > 0 ? port : undefined,
    });
  });
}

/** The graphics of that type. */
function findGraphics<E extends SharedElement>(domain: E, type: GraphicsSpec["type"]): E | undefined {
  return children(find(domain, "devices"), "graphics").find((one) => attribute(one, "type") === type);
}

/** The password of the graphics of that type; undefined where there are none, or they have none. */
export function graphicsPassword(xml: string, type: GraphicsSpec["type"]): string | undefined {
  return attribute(findGraphics(readDomainXml(xml), type), "passwd");
}

/**
 * The graphics of a running domain with another password, to update them: libvirt refuses the update if anything else differs.
 *
 * @param xml of the running domain, with the secrets in it
 * @returns undefined where the domain was started without graphics of that type, or without a password
 */
export function graphicsWithPassword(
  xml: string,
  type: GraphicsSpec["type"],
  password: string,
): string | undefined {
  const found = findGraphics(parseDomain(xml).root, type);
  if (found === undefined || attribute(found, "passwd") === undefined) return undefined;
  setAttribute(found, "passwd", password);
  return serialiseNode(found);
}
