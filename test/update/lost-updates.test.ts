import { beforeEach, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { Step } from "../../provider/plan/plan.ts";
import { MIB } from "../support/fake-guest.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { UpdateScene } from "../support/update-scene.ts";
import { DIMM, DOMAIN } from "./actions/domain.ts";

const attach: Step = { kind: "attach", dimm: DIMM, sentence: "attach a DIMM" };
const define: Step = {
  kind: "define",
  definition: {
    memory: 1259 * MIB,
    cells: [{ id: 0, memory: 1259 * MIB }],
    maxMemory: { size: 8192 * MIB, slots: 16 },
    removeAliases: [],
  },
  vcpus: { current: 4, maximum: 4 },
  fields: [],
  sentence: "set the definition",
};

let scene: UpdateScene;

beforeEach(() => {
  scene = new UpdateScene(DOMAIN);
  scene.before = { ...scene.before, vcpus: 2 };
  scene.news = { ...scene.before, vcpus: 4, memory: "1259MiB", hotplug: { awaitGuest: false } };
});

const inactive = () => readDomain(scene.host.only.inactive ?? "");

/** Another administrator edits the definition right after our attach, however often. */
function edits(edit: (xml: string) => string, times = 1): void {
  const plug = scene.host.attachDevice.bind(scene.host);
  const change = () =>
    scene.host.change(scene.host.only.uuid, { inactive: edit(scene.host.only.inactive ?? "") });
  scene.host.attachDevice = async (...args) => {
    await plug(...args);
    change();
    const read = scene.host.xml.bind(scene.host);
    let left = times - 1;
    scene.host.xml = async (domain, options) => {
      const xml = await read(domain, options);
      if (options.secure && left > 0) {
        left -= 1;
        change();
      }
      return xml;
    };
  };
}

test("an edit between our read and our define stays, and ours is there as well", async () => {
  edits((xml) => xml.replace("<devices>", "<title>theirs</title><devices>"));
  await scene.update(attach, define);
  expect(scene.host.only.inactive).toContain("<title>theirs</title>");
  expect(inactive()).toMatchObject({ memory: 1259 * MIB, vcpus: 4 });
});

test("a device that the edit adds without another total is counted: the nodes follow", async () => {
  const theirs = `<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>`;
  edits((xml) =>
    xml
      .replace("</devices>", `${theirs}</devices>`)
      .replace(/memory='\d+'/, `memory='${(1003 - 128) * MIB}'`),
  );
  await scene.update(attach, define);
  const { memory, cells, devices } = inactive();
  expect([memory, cells, devices.length]).toEqual([
    1259 * MIB,
    [{ id: 0, cpus: "0-3", memory: (1259 - 128) * MIB }],
    1,
  ]);
});

test("another total that the edit sets is not overwritten, and the error has both", async () => {
  edits((xml) => xml.replace(/memory='\d+'/, `memory='${2048 * MIB}'`));
  const error = await scene.update(attach, define).catch((caught) => caught);
  expect(error.message).toMatch(
    /someone else set 2048 MiB for the next boot in the meantime, but the program wants 1259 MiB \(already done: attach a DIMM\)$/,
  );
  expect(error.properties).toMatchObject({ liveMemory: "1259MiB", nextBootMemory: "2048MiB" });
  expect(inactive().memory).toBe(2048 * MIB);
});

test("a definition that libvirt no longer accepts after the edit isn't defined", async () => {
  edits((xml) => xml.replace("<devices>", "<title>theirs</title><devices>"));
  const define_ = scene.host.define.bind(scene.host);
  scene.host.define = (xml) =>
    xml.includes("theirs") && xml.includes("-probe-") && xml.includes("<vcpu>4<")
      ? Promise.reject(libvirtError(ErrorCode.XML_ERROR, "not with that title"))
      : define_(xml);
  await expect(scene.update(attach, define)).rejects.toThrow("not with that title");
  expect(inactive()).toMatchObject({ memory: 1003 * MIB, vcpus: 2 });
});

test("a definition that is edited again and again is left alone in the end", async () => {
  let edit = 0;
  edits((xml) => xml.replace("<devices>", `<!-- ${edit++} --><devices>`), 100);
  await expect(scene.update(attach, define)).rejects.toThrow(
    "someone else changed the definition 3 times in the meantime; it was left unchanged",
  );
  expect(inactive()).toMatchObject({ memory: 1003 * MIB, vcpus: 2 });
});
