import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { created } from "../support/one-resource.ts";
import { MIB } from "../support/scene.ts";

const BACKING = (page: string) => `<memoryBacking><hugepages>${page}</hugepages></memoryBacking>`;
const program = { memory: 1024, maxMemory: 8192, hotplug: { awaitGuest: false, maxDimmSize: "256MiB" } };

async function backedBy(page: string) {
  const { host, stack } = await created(program);
  const { uuid, inactive = "", live = "" } = host.only;
  const backed = (xml: string) => xml.replace("</memory>", `</memory>${BACKING(page)}`);
  host.change(uuid, { inactive: backed(inactive), live: backed(live) });
  return { host, stack };
}

test("too few huge pages for two DIMMs of a domain that is backed by them: none is attached", async () => {
  const { host, stack } = await backedBy("<page size='2048' unit='KiB'/>");
  host.pages.set(`${2 * MIB} -1`, 128);
  await expect(stack.up({ ...program, memory: 1536 })).rejects.toThrow(
    "the host has only 256 MiB in free pages of 2 MiB, less than the 512 MiB to add; nothing was attached",
  );
  expect(readDomain(host.only.live ?? "").devices).toEqual([]);
  host.pages.set(`${2 * MIB} -1`, 256);
  await stack.up({ ...program, memory: 1536 });
  expect(readDomain(host.only.live ?? "").devices).toHaveLength(2);
});

test("a DIMM is a multiple of the page size that backs the domain", async () => {
  const { stack } = await backedBy("<page size='1' unit='GiB'/>");
  const { hotplug } = program;
  const changed = { ...program, hotplug: { awaitGuest: hotplug.awaitGuest, whenNotPossible: "error" } };
  await expect(stack.preview({ ...changed, memory: 1280 })).rejects.toThrow("is not a multiple of 1024 MiB");
});
