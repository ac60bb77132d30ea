import { expect, test } from "vitest";
import { draw } from "../../provider/explain/drawing.ts";
import { explain } from "../../provider/explain/explanation.ts";
import { explanationJson } from "../../provider/explain/json.ts";
import type { Observation } from "../../provider/observe/observe.ts";
import { at, observation, URI } from "../support/observations.ts";
import { MIB, ours, paused, running, theirs } from "../support/scene.ts";

/** A guest that accepted one DIMM, uses half of another, and rejected two. */
const guest = { block: 128 * MIB, online: [0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34], offline: [35] };
const devices = [
  at(0, { ...ours(0, 256), taken: true }),
  at(256, { ...ours(1, 256), taken: true }),
  at(512, { ...theirs(2, 100, "dimm2"), taken: false }),
  at(612, { ...ours(3, 256), taken: false }),
];
const domain = observation(running({ cells: [1024], devices }, { cells: [1892] }));
const reported: Observation = { ...domain, agentConnected: true, guest };

const drawn = (of: Observation) => draw(explain(URI, of), { columns: 80, color: false });

test("the blocks of each DIMM, and the memory in all", () => {
  const lines = drawn(reported).split("\n");
  expect(
    lines.slice(
      lines.findIndex((line) => line.includes("part  node")),
      -5,
    ),
  ).toMatchInlineSnapshot(`
    [
      "     part  node      size  slot  address      managed  alias",
      "  0  base     0  1024 MiB",
      "  a  dimm     0   256 MiB     0  0x100000000  yes      ua-pulumi-dimm0",
      "     accepted by the guest: 2 of 2 blocks online",
      "  b  dimm     0   256 MiB     1  0x110000000  yes      ua-pulumi-dimm1",
      "     accepted by the guest: 1 of 2 blocks online, 1 offline",
      "  c  dimm     0   100 MiB     2  0x120000000  no       dimm2",
      "     rejected by the guest: not aligned to the guest's memory blocks of 128 MiB",
      "  d  dimm     0   256 MiB     3  0x126400000  yes      ua-pulumi-dimm3",
      "     rejected by the guest: not aligned to the guest's memory blocks of 128 MiB",
      "  ·  12 of 16 slots free: 4–15",
      "",
      "now        1892 MiB of at most 8 GiB in 16 slots: base 1024 MiB and 868 MiB in",
      "           memory devices",
      "guest      1408 MiB, reported by the guest agent: 11 memory blocks of 128 MiB",
      "           online; 1 offline, which the guest doesn't use",
      "next boot  1892 MiB of at most 8 GiB in 16 slots",
    ]
  `);
});

test("a guest that can't report them", () => {
  expect(drawn(domain)).not.toContain("guest  ");
  expect(drawn({ ...domain, agentConnected: true })).toContain(
    "guest      unknown: the guest agent is connected but doesn't report memory\n           blocks\n",
  );
  expect(drawn({ ...domain, agentConnected: true, agentError: "frozen" })).toMatch(
    /memory\s+blocks \(frozen\)/,
  );
  const asleep = {
    ...domain,
    agentConnected: true,
    power: "paused" as const,
    observed: paused(domain.observed),
  };
  expect(drawn(asleep)).toContain(
    "guest      unknown: the domain is paused, so the guest agent can't answer",
  );
});

test("as JSON", () => {
  expect(explanationJson(explain(URI, reported))).toMatchObject({
    guest: { by: "agent", memory: "1408MiB", block: "128MiB", onlineBlocks: 11, offlineBlocks: 1 },
    live: {
      devices: [
        { alias: "ua-pulumi-dimm0", taken: true, blocks: { all: 2, online: 2, offline: 0 } },
        { alias: "ua-pulumi-dimm1", taken: true, blocks: { all: 2, online: 1, offline: 1 } },
        { alias: "dimm2", taken: false, blocks: { all: 1, online: 0, offline: 0 } },
        { alias: "ua-pulumi-dimm3", taken: false, blocks: { all: 3, online: 0, offline: 0 } },
      ],
    },
  });
});
