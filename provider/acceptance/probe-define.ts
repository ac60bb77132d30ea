import { randomUUID } from "node:crypto";
import { atDisk } from "../args/device-paths.ts";
import { imagesToMake } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { setIdentity } from "../domain/identity.ts";
import { insertInOrder } from "../domain/merge.ts";
import { parseDomain, readDomainXml } from "../domain/parse.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  remove,
  serialise,
  setText,
} from "../domain/tree.ts";
import type { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import type { Reason } from "../plan/plan.ts";
import { definitionRefused } from "./definition-refusals.ts";
import { PROBE_NAME, takeProbes } from "./leftovers.ts";
import { missingFiles } from "./missing-files.ts";
import { refusalOf, unlessFailed } from "./unanswered.ts";

/** The mark in a probe's metadata. */
const PROBE_NAMESPACE = "urn:pulumi-libvirt-hotplug:probe:1";

/**
 * What libvirt refuses of this definition, in addition to `definitionRefusals`: a domain with it is defined under another name
 * and UUID, and undefined at once; and its files are looked up. For `up` only, since it changes the host for a moment. Probes
 * that a killed run left are removed first.
 *
 * libvirt defines much that can't start (an unknown CPU model; a missing disk, kernel, bridge or network), so a define
 * isn't enough.
 *
 * @param xml the whole definition, with the secrets in it
 */
export async function probeDefine(
  hypervisor: Hypervisor,
  xml: string,
  news: Partial<Inputs>,
): Promise<Reason[]> {
  await sweepProbes(hypervisor);
  const files = await missingFiles(hypervisor, readDomainXml(xml));
  const toMake = new Set(imagesToMake(news));
  const missing = files.filter((file) => !toMake.has(file));
  const refusal = await defineProbe(hypervisor, xml);
  return [
    ...missing.map((file) => missingFile(hypervisor, file, news)),
    ...(refusal === undefined ? [] : [definitionRefused(refusal)]),
  ];
}

function missingFile({ uri }: Hypervisor, file: string, news: Partial<Inputs>): Reason {
  return {
    code: "missing-on-host",
    text: `${atDisk(news, file)}"${file}" doesn't exist on ${uri}; create it first`,
  };
}

async function defineProbe(hypervisor: Hypervisor, xml: string): Promise<LibvirtError | undefined> {
  const uuid = randomUUID();
  const name = `${PROBE_NAME}${uuid}`;
  const refusal = await refusalOf(hypervisor.define(probeXml(xml, name, uuid)));
  if (refusal === undefined) await unlessFailed(removeProbe(hypervisor, { name, uuid, id: -1 }), undefined);
  return refusal;
}

/**
 * Whether libvirt and QEMU start a domain with this definition: under another name and UUID, paused, and only for a moment. The
 * domain that has its disks and ports must be off.
 */
export async function probeStart(hypervisor: Hypervisor, xml: string): Promise<Reason[]> {
  const uuid = randomUUID();
  const probe = { name: `${PROBE_NAME}${uuid}`, uuid, id: -1 };
  const definition = probeXml(xml, probe.name, uuid);
  const started = hypervisor.createTransient(definition);
  const refusal = await refusalOf(started.then((running) => hypervisor.destroy(running)));
  // A transient domain leaves its NVRAM file, which libvirt names after the domain and only deletes by an undefine.
  await unlessFailed(
    hypervisor.define(definition).then(() => hypervisor.undefine(probe)),
    undefined,
  );
  return refusal === undefined ? [] : [{ code: "definition-refused", text: messageOf(refusal) }];
}

/** The definition without what belongs to the domain itself: its identity, metadata, MAC addresses and NVRAM file. */
function probeXml(xml: string, name: string, uuid: string): string {
  const document = parseDomain(xml);
  const domain = document.root;
  setIdentity(domain, { name, uuid });
  for (const metadata of children(domain, "metadata")) remove(domain, metadata);
  const mark = element("probe:domain", { "xmlns:probe": PROBE_NAMESPACE });
  insertInOrder(domain, element("metadata", {}, mark));
  const devices = find(domain, "devices");
  for (const card of children(devices, "interface"))
    for (const mac of children(card, "mac")) remove(card, mac);
  withoutNvramFile(find(domain, "os"));
  return serialise(document);
}

/** An undefine may delete the file that `<nvram>` names. Its template stays. */
function withoutNvramFile(os: Element | undefined): void {
  for (const nvram of children(os, "nvram")) {
    for (const source of children(nvram, "source")) remove(nvram, source);
    setText(nvram, "");
    if (attribute(nvram, "template") === undefined && os) remove(os, nvram);
  }
}

/** Removes the probes that killed runs left, as far as libvirt lets it. */
export async function sweepProbes(hypervisor: Hypervisor): Promise<void> {
  await unlessFailed(removeLeftProbes(hypervisor), undefined);
}

async function removeLeftProbes(hypervisor: Hypervisor): Promise<void> {
  for (const probe of await takeProbes(hypervisor)) {
    const xml = await hypervisor.xml(probe, { inactive: true });
    if (isProbe(xml)) await removeProbe(hypervisor, probe);
  }
}

function isProbe(xml: string): boolean {
  const metadata = find(readDomainXml(xml), "metadata");
  return children(metadata).some((mark) =>
    [...mark.attributes.keys()].some((key) => attribute(mark, key) === PROBE_NAMESPACE),
  );
}

function removeProbe(hypervisor: Hypervisor, probe: DomainRef): Promise<void> {
  return hypervisor.undefine(probe, { keepsFiles: true });
}
