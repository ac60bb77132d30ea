import { describe, expect, test } from "vitest";
import type { PartialError } from "../../provider/errors.ts";
import type { Step } from "../../provider/plan/plan.ts";
import { MIB } from "../support/fake-guest.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { UpdateScene } from "../support/update-scene.ts";
import { DIMM, DOMAIN } from "./actions/domain.ts";

const VMEM = "ua-pulumi-vmem0";
const elastic = DOMAIN.replace(
  "</devices>",
  `<memory model='virtio-mem'><target><size unit='KiB'>${4096 * MIB}</size><node>0</node><block unit='KiB'>2048</block><requested unit='KiB'>0</requested><current unit='KiB'>0</current></target><alias name='${VMEM}'/></memory></devices>`,
);
const definition = {
  memory: 1259 * MIB,
  cells: [{ id: 0, memory: 1259 * MIB }],
  maxMemory: { size: 16384 * MIB, slots: 8 },
  removeAliases: [],
};
const attach: Step = { kind: "attach", dimm: DIMM, sentence: "attach a DIMM" };

/** What is true of the running domain or the definition, changed in the XML. */
function rewrite(host: FakeHypervisor, which: "live" | "inactive", edit: (xml: string) => string): void {
  host.change(host.only.uuid, { [which]: edit(host.only[which] ?? "") });
}

/** A step, and how a hypervisor that reports success lies about it: with the figures that the error has. */
type Lie = [
  name: string,
  steps: Step[],
  lie: (host: FakeHypervisor, scene: UpdateScene) => void,
  says: RegExp,
];

const nothing = async (): Promise<never> => undefined as never;

function doesNothing(call: "attachDevice" | "updateDevice" | "setMemory" | "setAutostart") {
  return (host: FakeHypervisor) => {
    host[call] = nothing;
  };
}

const lies: Lie[] = [
  [
    "an attach that does nothing",
    [attach],
    doesNothing("attachDevice"),
    /ua-pulumi-dimm0 is not in the running domain/,
  ],
  [
    "an attach of half the size",
    [attach],
    (host) => replaced(host, "attachDevice", (xml) => xml.replace(/>\d+<\/size>/, `>${128 * MIB}</size>`)),
    /ua-pulumi-dimm0 is 128 MiB instead of 256 MiB/,
  ],
  [
    "an attach to another slot",
    [attach],
    (host) => replaced(host, "attachDevice", (xml) => xml.replace("slot='0'", "slot='3'")),
    /the slot of ua-pulumi-dimm0 is 3 instead of 0/,
  ],
  [
    "an attach to another node",
    [attach],
    (host) => replaced(host, "attachDevice", (xml) => xml.replace("<node>0<", "<node>1<")),
    /the node of ua-pulumi-dimm0 is 1 instead of 0/,
  ],
  [
    "an attach that another one follows",
    [attach],
    (host) => {
      const plug = host.attachDevice.bind(host);
      host.attachDevice = async (domain, xml, where) => {
        await plug(domain, xml, where);
        await plug(domain, xml.replace("slot='0'", "slot='1'").replace("dimm0", "dimm1"), where);
      };
    },
    /the memory of the running domain is 1515 MiB instead of 1259 MiB; the number of its memory devices is 2 instead of 1/,
  ],
  [
    "a detach that removes another DIMM as well",
    [{ kind: "detach", dimm: DIMM, sentence: "remove a DIMM" }],
    (host, scene) => {
      scene.host.guestGivesUp.add(DIMM.alias);
      const detach = host.detachDevice.bind(host);
      host.detachDevice = async (domain, alias, where) => {
        await detach(domain, alias, where);
        rewrite(host, "live", (xml) =>
          xml
            .replace(/<memory unit='KiB'>\d+</, `<memory unit='KiB'>${900 * MIB}<`)
            .replace(/memory='\d+'/, `memory='${900 * MIB}'`),
        );
      };
    },
    /the memory of the running domain is 900 MiB instead of 1003 MiB/,
  ],
  [
    "a resize that does nothing",
    [
      {
        ...{ kind: "resize", sentence: "plug 512 MiB" },
        device: { alias: VMEM, node: 0, from: 0, requested: 512 * MIB, size: 4096 * MIB },
      },
    ],
    doesNothing("updateDevice"),
    /the requested size of ua-pulumi-vmem0 is 0 MiB instead of 512 MiB/,
  ],
  [
    "a define that does nothing",
    [{ kind: "define", definition, fields: [], sentence: "set the definition" }],
    (host) => ownDefine(host, () => undefined),
    /the memory in the definition is 1003 MiB instead of 1259 MiB/,
  ],
  [
    "a define with half of the ceiling",
    [{ kind: "define", definition, fields: [], sentence: "set the definition" }],
    (host) => ownDefine(host, (xml) => xml.replace(String(16384 * MIB), String(8192 * MIB))),
    /maxMemory in the definition is 8 GiB in 8 slots instead of 16 GiB in 8 slots/,
  ],
  [
    "a define of another balloon target",
    [{ kind: "define", definition, fields: [], sentence: "set the definition" }],
    (host) =>
      ownDefine(host, (xml) =>
        xml.replace(/<currentMemory unit='KiB'>\d+</, `<currentMemory unit='KiB'>${512 * MIB}<`),
      ),
    /the balloon target in the definition is 512 MiB instead of 1259 MiB/,
  ],
  [
    "a define without an argument",
    [{ kind: "define", fields: ["description"], sentence: "change description" }],
    (host, scene) => {
      scene.before = { ...scene.before, description: "one" };
      scene.news = { ...scene.before, description: "two" };
      ownDefine(host, (xml) => xml.replace("<description>two<", "<description>one<"));
    },
    /the definition doesn't have the program's description/,
  ],
  [
    "a balloon target in the definition that stays",
    [
      {
        ...{ kind: "balloon", where: "definition", takesMemory: false },
        ...{ size: 512 * MIB, sentence: "set the balloon target" },
      },
    ],
    doesNothing("setMemory"),
    /the balloon target in the definition is 1003 MiB instead of 512 MiB/,
  ],
  [
    "autostart that stays off",
    [{ kind: "autostart", on: true, sentence: "turn autostart on" }],
    doesNothing("setAutostart"),
    /autostart is off instead of on/,
  ],
  [
    "a start that does nothing",
    [{ kind: "start", sentence: "start the domain" }],
    (host) => {
      host.turnOff(host.only.uuid);
      host.start = nothing;
    },
    /the domain is off instead of on/,
  ],
  [
    "a start with another memory, as from a saved image",
    [{ kind: "start", sentence: "start the domain" }],
    (host) => {
      host.turnOff(host.only.uuid);
      const start = host.start.bind(host);
      host.start = async (domain) => {
        const { inactive = "" } = host.only;
        rewrite(host, "inactive", (xml) => xml.replace(/memory='\d+'/, `memory='${512 * MIB}'`));
        const started = await start(domain);
        host.change(domain.uuid, { inactive });
        return started;
      };
    },
    /the memory of the running domain is 512 MiB instead of 1003 MiB/,
  ],
];

/** Calls with another XML. */
function replaced(host: FakeHypervisor, call: "attachDevice", edit: (xml: string) => string): void {
  const real = host[call].bind(host);
  host[call] = (domain, xml, where) => real(domain, edit(xml), where);
}

/** Defines the domain itself with another XML, or not at all; a probe is defined. */
function ownDefine(host: FakeHypervisor, edit: (xml: string) => string | undefined): void {
  const define = host.define.bind(host);
  host.define = async (xml) => {
    if (!xml.includes("<name>web-1<")) return define(xml);
    const edited = edit(xml);
    return edited === undefined ? host.refTo(host.only.uuid) : define(edited);
  };
}

describe("a hypervisor that reports success for", () => {
  test.each(lies)("%s", async (name, steps, lie, says) => {
    const scene = new UpdateScene(name.includes("resize") ? elastic : DOMAIN);
    if (steps[0]?.kind === "detach") await scene.run(attach);
    lie(scene.host, scene);
    const error: PartialError = await scene.update(...steps).catch((caught) => caught);
    expect(error.message).toMatch(says);
    expect(error.code).toBe("postcondition-failed");
    // What is there is recorded, whatever the call said.
    expect(error.properties).toHaveProperty("__observed");
  });

  test("a stop that does nothing is one whose guest doesn't shut down", async () => {
    const scene = new UpdateScene(DOMAIN);
    scene.host.shutdown = nothing;
    scene.news = { ...scene.news, shutdownTimeout: 5 };
    await expect(scene.update({ kind: "stop", force: false, sentence: "shut down" })).rejects.toThrow(
      "did not shut down within 5 s",
    );
  });
});

test("an alias decides nothing: a DIMM that is there under the planned alias in another slot is an error", async () => {
  const scene = new UpdateScene(DOMAIN);
  await scene.run({ ...attach, kind: "attach", dimm: { ...DIMM, slot: 3 } });
  await expect(scene.run(attach)).rejects.toThrow("ua-pulumi-dimm0 already exists with slot 3 instead of 0");
});

test("what changes the domain right after the last step is an error with both figures", async () => {
  const scene = new UpdateScene(DOMAIN);
  const setAutostart = scene.host.setAutostart.bind(scene.host);
  scene.host.setAutostart = async (domain, on) => {
    await setAutostart(domain, on);
    let reads = 0;
    const xml = scene.host.xml.bind(scene.host);
    scene.host.xml = async (...args) => {
      reads += 1;
      if (reads === 2)
        rewrite(scene.host, "inactive", (text) => text.replace(/memory='\d+'/, `memory='${512 * MIB}'`));
      return xml(...args);
    };
  };
  const error = await scene
    .update({ kind: "autostart", on: true, sentence: "turn autostart on" })
    .catch((caught) => caught);
  expect(error).toMatchObject({
    code: "postcondition-failed",
    message: expect.stringContaining("the memory in the definition is 512 MiB instead of 1003 MiB"),
    properties: { nextBootMemory: "512MiB" },
  });
});
