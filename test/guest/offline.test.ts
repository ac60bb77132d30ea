import { beforeEach, describe, expect, test } from "vitest";
import { Deadline } from "../../provider/deadline.ts";
import { takeOffline } from "../../provider/guest/offline.ts";
import type { AgentCommand } from "../../provider/libvirt/hypervisor.ts";
import { FakeGuest, MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

const BLOCK = 128 * MIB;
const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
/** Blocks 32 and 33 of a guest whose blocks have 128 MiB: what is plugged begins at 4 GiB. */
const dimm = { size: 2 * BLOCK, base: "0x100000000" };

interface Change {
  "phys-index": number;
  online: boolean;
}

let host: FakeHypervisor;
/** What became of each block. */
let online: Map<number, boolean>;
let refused: number[];
const { clock } = new FakeGuest();

beforeEach(() => {
  host = new FakeHypervisor();
  online = new Map([0, 1, 2, 3, 32, 33, 34].map((block) => [block, true]));
  refused = [];
  host.agent = (command) => agent(command);
});

function agent({ execute, arguments: args }: AgentCommand): unknown {
  if (execute === "guest-get-memory-block-info") return { size: BLOCK * 1024 };
  if (execute === "guest-get-memory-blocks")
    return [...online].map(([index, state]) => ({ "phys-index": index, online: state }));
  const { "mem-blks": changes } = args as { "mem-blks": Change[] };
  return changes.map(({ "phys-index": block, online: state }) => {
    if (refused.includes(block))
      return { "phys-index": block, response: "operation-failed", "error-code": 16 };
    online.set(block, state);
    return { "phys-index": block, response: "success" };
  });
}

const offlineNow = () => [...online].flatMap(([block, state]) => (state ? [] : block));
const take = (of: { size: number; base?: string } = dimm) =>
  takeOffline(host, domain, of, Deadline.inSeconds(30, clock));

describe("the blocks of a DIMM go offline in the guest", () => {
  test("all of them, and no other one", async () => {
    expect(await take()).toMatchObject({ blocks: 2 });
    expect(offlineNow()).toEqual([32, 33]);
  });

  test("and come back where the DIMM stays after all", async () => {
    const { putBack } = await take();
    await putBack();
    expect(offlineNow()).toEqual([]);
  });

  test("none where one is refused: its number is said, and those before it are online again", async () => {
    refused = [33];
    expect(await take()).toMatchObject({
      refused: "the agent could not take block 33 offline (operation-failed, error 16)",
      blocks: 0,
    });
    expect(offlineNow()).toEqual([]);
  });

  test("but those that were offline before stay so", async () => {
    online.set(32, false);
    refused = [33];
    await take();
    expect(offlineNow()).toEqual([32]);
  });

  test.each([
    ["that lie off the guest's blocks are not the guest's", { size: BLOCK, base: "0x104000000" }],
    ["without a known place", { size: BLOCK }],
  ])("DIMMs %s: nothing is done", async (_, of) => {
    expect(await take(of)).toMatchObject({ blocks: 0 });
    expect(offlineNow()).toEqual([]);
  });
});

describe("an agent that is of no help is not waited for", () => {
  test.each(["guest-get-memory-block-info", "guest-get-memory-blocks", "guest-set-memory-blocks"])(
    "%s is forbidden",
    async (forbidden) => {
      host.agent = (command) => {
        if (command.execute === forbidden) throw new Error(`Command ${forbidden} has been disabled`);
        return agent(command);
      };
      const { refused, silent, blocks } = await take();
      expect([refused, silent, blocks]).toEqual([undefined, undefined, 0]);
    },
  );

  test("one that falls silent over a block: the guest may still give it up, so nothing is put back", async () => {
    host.agent = (command) => {
      const { "mem-blks": changes = [] } = (command.arguments ?? {}) as { "mem-blks"?: Change[] };
      if (changes[0]?.["phys-index"] === 33) throw new Error("Guest agent is not responding");
      return agent(command);
    };
    expect(await take()).toMatchObject({
      silent: "the agent has not said whether block 33 goes offline (Guest agent is not responding)",
      blocks: 1,
    });
    expect(offlineNow()).toEqual([32]);
  });
});
