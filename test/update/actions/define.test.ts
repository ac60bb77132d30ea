import { beforeEach, expect, test } from "vitest";
import { dimmXml } from "../../../provider/domain/device.ts";
import { readDomain } from "../../../provider/domain/read.ts";
import { ErrorCode } from "../../../provider/libvirt/errors.ts";
import type { DefineStep } from "../../../provider/plan/plan.ts";
import { MIB } from "../../support/fake-guest.ts";
import { libvirtError } from "../../support/libvirt-error.ts";
import { UpdateScene } from "../../support/update-scene.ts";
import { DIMM, DOMAIN } from "./domain.ts";

const definition = {
  memory: 1259 * MIB,
  cells: [{ id: 0, memory: 1259 * MIB }],
  maxMemory: { size: 16384 * MIB, slots: 8 },
  removeAliases: [] as string[],
};
const define: DefineStep = { kind: "define", definition, fields: [], sentence: "set the definition" };

let scene: UpdateScene;

beforeEach(() => {
  scene = new UpdateScene(DOMAIN);
});

const inactive = () => readDomain(scene.host.only.inactive ?? "");

test("sets the memory and keeps all else, passwords included", async () => {
  const { observed } = await scene.run(define);
  expect(observed.nextBoot).toMatchObject({
    memory: 1259 * MIB,
    currentMemory: 1259 * MIB,
    maxMemory: { size: 16384 * MIB, slots: 8 },
  });
  expect(scene.host.only.inactive).toContain("<graphics type='vnc' passwd='hush'/>");
  expect(inactive().vcpus).toBe(2);
});

test("changes nothing a second time, and nothing in the running domain", async () => {
  const first = await scene.run(define);
  const after = structuredClone(scene.host.only);
  expect(await scene.run(define)).toEqual(first);
  expect(scene.host.only).toEqual(after);
  expect(after.live).toBe(DOMAIN);
});

test("removes our own DIMMs, and a maxMemory that is reached", async () => {
  await scene.host.attachDevice(scene.domain, dimmXml(DIMM), { config: true });
  const { maxMemory: _, ...rest } = definition;
  await scene.run({ ...define, definition: { ...rest, removeAliases: [DIMM.alias] } });
  const { devices, memory, maxMemory } = inactive();
  expect({ devices, memory, maxMemory }).toEqual({ devices: [], memory: 1259 * MIB, maxMemory: undefined });
});

test("leaves the old definition in force where libvirt refuses the new one", async () => {
  scene.host.refuses.set("define", libvirtError(ErrorCode.XML_ERROR, "no"));
  await expect(scene.run(define)).rejects.toThrow("Unable to set the definition (domain web-1): no");
  expect(scene.host.only.inactive).toBe(DOMAIN);
});

const vcpus: DefineStep = {
  kind: "define",
  vcpus: { current: 4, maximum: 4 },
  fields: [],
  sentence: "set the vCPUs",
};

test("edits what differs between the arguments and keeps all else; a second time changes nothing", async () => {
  scene.before = { ...scene.before, vcpus: 2 };
  scene.news = { ...scene.before, vcpus: 4 };
  const first = await scene.run(vcpus);
  const after = structuredClone(scene.host.only);
  expect(readDomain(after.inactive ?? "").vcpus).toBe(4);
  expect(after.inactive).toContain("<graphics type='vnc' passwd='hush'/>");
  expect(after.live).toBe(DOMAIN);
  expect(await scene.run(vcpus)).toEqual(first);
  expect(scene.host.only).toEqual(after);
});

test("writes the definition from the program's XML where that changed", async () => {
  scene.news = { ...scene.before, xml: "<domain><title>shop</title></domain>" };
  await scene.run({ kind: "define", fields: ["xml"], sentence: "change xml" });
  expect(scene.host.only.inactive).toContain("<title>shop</title>");
  expect(scene.host.only.inactive).not.toContain("<graphics");
});
