import { test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { editDefinition } from "../../provider/domain/edit.ts";
import { graphicsPassword, graphicsWithPassword } from "../../provider/domain/graphics.ts";
import { overlay } from "../../provider/domain/overlay.ts";
import { parseXml } from "../../provider/domain/parse.ts";
import type { DomainSpec } from "../../provider/domain/spec.ts";
import { attribute, children, find, textOf } from "../../provider/domain/tree.ts";
import { anyRest, plainSpec } from "./spec.ts";

/** What an administrator and libvirt may have put into a definition beside what this provider knows. */
const OTHERS = {
  pages: "<page size='1048576' unit='KiB' nodeset='3'/>",
  noSharing: "<nosharepages/>",
  allocation: "<allocation mode='ondemand' threads='4'/>",
  local: "<graphics type='sdl' display=':0.0'/>",
  headless: "<graphics type='egl-headless'/>",
  second: "<video><model type='bochs' vram='16384' heads='1'/></video>",
  entropy:
    "<rng model='virtio'><backend model='egd' type='udp'><source mode='connect' host='10.0.0.1' service='1'/></backend></rng>",
  sound: "<sound model='ich9'/>",
} as const;

const foreign = (first: string) => `<domain type='qemu'>
  <name>web-1</name>
  <uuid>${plainSpec.uuid}</uuid>
  <memory unit='KiB'>1027072</memory>
  <memoryBacking><hugepages>${OTHERS.pages}</hugepages>${OTHERS.noSharing}${OTHERS.allocation}</memoryBacking>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices>
    ${OTHERS.local}
    ${OTHERS.headless}
    ${first}
    ${OTHERS.second}
    ${OTHERS.entropy}
    ${OTHERS.sound}
  </devices>
</domain>`;

/** The primary video card, which is the first one. */
const PRIMARY = "<video><model type='vga' vram='16384' heads='1' primary='yes'/></video>";

type Rest = Pick<DomainSpec, "graphics" | "video" | "rng" | "tpm" | "watchdog" | "memoryBacking">;

const spec = (rest: Rest): DomainSpec => ({ ...plainSpec, ...rest });
const devicesOf = (xml: string, name: string) => children(find(parseXml(xml).root, "devices"), name);

describe("what others put into a definition", () => {
  test.prop([anyRest, anyRest])("stays, whatever the program changes", (before, after) => {
    const named = overlay(foreign(PRIMARY), { name: "web-1", uuid: plainSpec.uuid, ...before });
    const edited = editDefinition(named, spec(before), spec(after));
    const none = editDefinition(edited, spec(after), spec({}));
    for (const xml of [named, edited, none])
      expect(Object.values(OTHERS).filter((one) => !xml.includes(one))).toEqual([]);
    // Of what the program named, nothing is left.
    expect(none).not.toMatch(/<locked|<access|<tpm|<watchdog|memfd|type='(?:vnc|spice)'|model='random'/);
    expect(none).not.toMatch(/<page size='(?:2048|1048576)' unit='KiB'\/>/);
  });

  test.prop([anyRest, anyRest])("doesn't keep the program from what it names", (before, after) => {
    const named = overlay(foreign(PRIMARY), { name: "web-1", uuid: plainSpec.uuid, ...before });
    const xml = editDefinition(named, spec(before), spec(after));
    const { graphics, video, rng, tpm, memoryBacking } = after;
    if (graphics) {
      const found = devicesOf(xml, "graphics").find((one) => attribute(one, "type") === graphics.type);
      expect(attribute(found, "passwd")).toBe(graphics.password);
      expect(attribute(found, "listen")).toBe(graphics.listen);
      expect(attribute(find(found, "listen"), "address")).toBe(graphics.listen);
      expect(attribute(found, "port")).toBe(graphics.port === undefined ? undefined : String(graphics.port));
    }
    if (video) expect(attribute(find(devicesOf(xml, "video")[0], "model"), "type")).toBe(video.model);
    const random = devicesOf(xml, "rng").find((one) => attribute(find(one, "backend"), "model") === "random");
    expect(random && textOf(find(random, "backend"))).toBe(rng?.source);
    expect(attribute(devicesOf(xml, "tpm")[0], "model")).toBe(tpm && `tpm-${tpm.model}`);
    const backing = find(parseXml(xml).root, "memoryBacking");
    expect(find(backing, "locked") !== undefined).toBe(memoryBacking?.locked === true);
    expect(attribute(find(backing, "access"), "mode")).toBe(
      memoryBacking?.shared === true ? "shared" : undefined,
    );
    const pages = children(find(backing, "hugepages"), "page").map((page) => [
      attribute(page, "size"),
      attribute(page, "nodeset"),
    ]);
    const own = memoryBacking?.hugePages;
    expect(pages).toEqual([["1048576", "3"], ...(own === undefined ? [] : [[String(own), undefined]])]);
  });

  const live =
    "<graphics type='vnc' port='5901' autoport='yes' websocket='5701' listen='127.0.0.1' keymap='de' sharePolicy='ignore' passwd='old' passwdValidTo='2030-01-01T00:00:00'><listen type='address' address='127.0.0.1'/></graphics>";

  it("in graphics stays as well: the port that libvirt chose, options, a password that nobody named", () => {
    const xml = foreign(live);
    const [first, second] = [{ type: "vnc" as const }, { type: "vnc" as const, listen: "10.0.0.1" }];
    const edited = editDefinition(xml, spec({ graphics: first }), spec({ graphics: second }));
    expect(edited).toContain(
      "<graphics type='vnc' port='5901' autoport='yes' websocket='5701' listen='10.0.0.1' keymap='de' sharePolicy='ignore' passwd='old' passwdValidTo='2030-01-01T00:00:00'><listen type='address' address='10.0.0.1'/></graphics>",
    );
  });

  it("a password is changed in the graphics of its type, and nothing else of them", () => {
    const xml = foreign(live);
    expect(graphicsPassword(xml, "vnc")).toBe("old");
    const password = `<&'">`;
    const changed = graphicsWithPassword(xml, "vnc", password) ?? "";
    expect(attribute(parseXml(changed).root, "passwd")).toBe(password);
    expect(changed.replace(/passwd='[^']*'/, "passwd='old'")).toBe(live);
    expect(graphicsWithPassword(xml, "spice", password)).toBeUndefined();
    expect(graphicsWithPassword(foreign("<graphics type='vnc'/>"), "vnc", password)).toBeUndefined();
  });

  it("the sound over SPICE, which libvirt added, goes with SPICE", () => {
    const xml = foreign("<graphics type='spice'/><audio id='1' type='spice'/>");
    const [spice, vnc] = [{ type: "spice" as const }, { type: "vnc" as const }];
    expect(editDefinition(xml, spec({ graphics: spice }), spec({ graphics: vnc }))).not.toMatch(/<audio/);
    expect(editDefinition(xml, spec({ graphics: spice }), spec({ graphics: spice }))).toBe(xml);
  });
});

describe("memoryBacking that the program turns off", () => {
  const given =
    "<domain><name>n</name><memory>1</memory><memoryBacking><locked/><access mode='shared'/><source type='file'/></memoryBacking><devices/></domain>";

  it.each([
    [{ locked: false }, "<memoryBacking><access mode='shared'/><source type='file'/></memoryBacking>"],
    [{ shared: false }, "<memoryBacking><locked/><source type='file'/></memoryBacking>"],
    [{}, "<memoryBacking><locked/><access mode='shared'/><source type='file'/></memoryBacking>"],
  ])("%j", (memoryBacking, left) => {
    expect(overlay(given, { name: "n", uuid: plainSpec.uuid, memoryBacking })).toContain(left);
  });
});
