import { describe, expect, test } from "vitest";
import {
  headroom,
  maxPerHost,
  noDowntime,
  noUnknownOutcome,
  reachable,
  sizeCatalogue,
} from "../../sdk/policy/index.ts";
import { analyze, inRun, type WireResource } from "../support/policy-pack.ts";
import { type Host, judged, recordedRuns } from "./recorded-runs.ts";

const HOSTS: Host[] = ["dynamic", "plugin"];

const sizes = {
  small: { memory: "1003MiB", vcpus: 2, maxMemory: "8GiB" },
  medium: { memory: "1259MiB", vcpus: 2, maxMemory: "8GiB" },
  large: { memory: "1515MiB", vcpus: 4, maxMemory: "8GiB" },
};

const REPLACED =
  'off: would be deleted and created again, change is "replace" (replace: 512 → 700 MiB is not a multiple of 256 MiB (live: 768 MiB)). Choose a size that works live, or set hotplug.whenNotPossible to another outcome.';
const NO_ROUTE = "not judged without a route to the host";

const SLOTS_SHORT =
  "web: after the change 14 of 16 slots are free, but 15 must be. Raise memorySlots, or grow by fewer and larger DIMMs.";
const NEXT_NOT_LIVE =
  "off: from 700 MiB the next size, small (1003 MiB, 2 vCPUs), is not live: memory can be changed live to 956 MiB up to 2748 MiB in steps of 256 MiB. Use a size of the catalogue, with its maxMemory, memorySlots and maxVcpus.";

describe.each(HOSTS)("what Pulumi's engine passed on, of the %s host", (host) => {
  test("noDowntime: only the domain that is replaced, before the update begins", async () => {
    const rules = [noDowntime()];
    expect(await judged(rules, host, "create")).toEqual([]);
    expect(await judged(rules, host, "change")).toEqual([REPLACED]);
    // In the preview, and again before the domain is replaced.
    expect(await judged(rules, host, "up")).toEqual([REPLACED, REPLACED]);
    expect(await judged(rules, host, "grow")).toEqual([]);
  });

  test("noDowntime: a domain that is not a target is judged by its state, not by the outcome of the run before", async () => {
    const [{ resources = [] } = {}] = recordedRuns(host, "target");
    const outcomes = resources.map(({ name, properties }) => [name, properties.change]);
    expect(outcomes).toContainEqual([`off-${host}`, "replace"]);
    expect(await judged([noDowntime()], host, "target")).toEqual([]);
  });

  test("without a route: the plugin's preview is judged by the state, the dynamic class's isn't judged", async () => {
    const said = await judged([noDowntime()], host, "noroute");
    const unknown = `${NO_ROUTE}: what the change does isn't known`;
    expect(said).toEqual(host === "plugin" ? [] : [`sec: ${unknown}`, `web: ${unknown}`]);
    expect(await judged([noDowntime({ onUnknown: "allow" })], host, "noroute")).toEqual([]);
    const outcomes = await judged([noUnknownOutcome()], host, "noroute");
    const text =
      'change and memoryChange are "unknown". Run the preview on a machine with a route to the host.';
    expect(outcomes).toEqual(host === "plugin" ? [] : [`sec: ${text}`, `web: ${text}`]);
    const room = await judged([headroom({ memory: "1GiB", exceptions: forSecret })], host, "noroute");
    expect(room).toEqual([`web: ${NO_ROUTE}: its reachable sizes after the change aren't known`]);
  });

  test("sizeCatalogue", async () => {
    const said = await judged([sizeCatalogue({ sizes })], host, "change");
    const unknown = said.filter((line) => line.startsWith("unk: "));
    expect(said.filter((line) => !line.startsWith("unk: "))).toEqual([
      "off: memory is 700 MiB, which is not a size of the catalogue. Use small (1003 MiB, 2 vCPUs).",
      "sec: not judged: the size is secret",
    ]);
    // The plugin foresees the output that the size is.
    expect(unknown).toEqual([
      host === "plugin"
        ? "unk: 1259 MiB with 1 vCPU is not a size of the catalogue. Use medium (1259 MiB, 2 vCPUs)."
        : "unk: not judged: memory is only known during pulumi up",
    ]);
  });

  test("headroom and reachable: as the planner foresees them", async () => {
    const rules = (slots: number) => [
      headroom({ slots, exceptions: forSecret }),
      reachable({ sizes, exceptions: forSecret }),
    ];
    expect(await judged(rules(15), host, "grow")).toEqual([NEXT_NOT_LIVE, SLOTS_SHORT]);
    expect(await judged(rules(14), host, "grow")).toEqual([NEXT_NOT_LIVE]);
    // New domains.
    const ofNew = (slots: number) => judged([headroom({ slots, exceptions: forSecret })], host, "create");
    expect(await ofNew(16)).toEqual([]);
    expect(await ofNew(17)).toEqual([
      expect.stringMatching(/^off: after the change 16 of 16 slots are free, but 17 must be/),
      expect.stringMatching(/^web: after the change 16 of 16 slots are free, but 17 must be/),
    ]);
  });

  test("headroom: a change of a setting leaves the domain as it was judged before", async () => {
    const rule = (slots: number) => [headroom({ slots, memory: "1GiB", exceptions: forSecret })];
    expect(await judged(rule(15), host, "setting")).toEqual([]);
    expect(await judged(rule(16), host, "setting")).toEqual([
      expect.stringContaining("web: after the change 15 of 16 slots are free, but 16 must be."),
    ]);
  });

  test("headroom: pulumi up judges a domain before it is changed, and a preview only the targets", async () => {
    const rule = headroom({ slots: 16, exceptions: forSecret });
    const [, work] = recordedRuns(host, "up");
    const web = work?.resources.find(({ name }) => name === `web-${host}`);
    const found = await inRun(false, () => analyze([rule], web as WireResource));
    const short = "web: after the change 15 of 16 slots are free, but 16 must be.";
    if (host === "dynamic")
      expect(found.map(({ message }) => message)).toEqual([
        expect.stringContaining(short.replace("web", `web-${host}`)),
      ]);
    // Its inputs have no figure of the domain.
    else expect(found).toEqual([]);
    expect(await judged([headroom({ slots: 15, exceptions: forSecret })], host, "target")).toEqual([
      SLOTS_SHORT,
    ]);
  });

  test("maxPerHost: the sum of each host, after the change", async () => {
    const said = await judged([maxPerHost({ memory: "2GiB", exceptions: forSecret })], host, "grow");
    expect(said).toEqual([
      "qemu:///system: the memory of 2 domains is 2215 MiB in total, 167 MiB more than the limit of 2 GiB (web 1515 MiB, off 700 MiB). Use smaller sizes, or move domains to another host.",
    ]);
    expect(await judged([maxPerHost({ vcpus: 4 })], host, "grow")).toEqual([]);
  });

  test("no figure of the secret size is in any message", async () => {
    const rules = [
      noDowntime({ outcomes: ["nextBoot", "restart", "replace"] }),
      noUnknownOutcome(),
      sizeCatalogue({ sizes }),
      headroom({ memory: "4GiB", slots: 16 }),
      reachable({ sizes }),
      maxPerHost({ memory: "1MiB", vcpus: 1 }),
    ];
    for (const recording of ["change", "up", "grow", "noroute"] as const) {
      const said = (await judged(rules, host, recording)).join("\n");
      expect(said).toContain("sec");
      expect(said).not.toMatch(/\b(600|856|2400|2392)\b/);
    }
  });
});

const until = "2999-12-31";
const forSecret = HOSTS.map((host) => ({ name: `sec-${host}`, reason: "its size is secret", until }));
