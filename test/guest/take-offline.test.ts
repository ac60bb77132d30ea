import { beforeEach, describe, expect, test } from "vitest";
import { Deadline } from "../../provider/deadline.ts";
import { takeOffline } from "../../provider/guest/take-offline.ts";
import { FakeAgent } from "../support/fake-agent.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

const BLOCK = 128 * MIB;
const domain = { name: "web-1", uuid: "11111111-2222-3333-4444-555555555555", id: 1 };
/** Blocks 32 and 33 of a guest whose blocks have 128 MiB: what is plugged begins at 4 GiB. */
const dimm = { size: 2 * BLOCK, base: "0x100000000" };

let host: FakeHypervisor;
let agent: FakeAgent;

beforeEach(() => {
  host = new FakeHypervisor();
  agent = new FakeAgent([0, 1, 2, 3, 32, 33, 34]);
  host.agent = agent.answer;
});

const take = (of: { size: number; base?: string } = dimm) =>
  takeOffline(host, domain, of, Deadline.inSeconds(30, new FakeClock()));

describe("the blocks of a DIMM go offline in the guest", () => {
  test("all of them, and no other one", async () => {
    expect(await take()).toMatchObject({ kind: "offline", blocks: 2 });
    expect(agent.offline).toEqual([32, 33]);
  });

  test("and come back where the DIMM stays after all", async () => {
    const taken = await take();
    if (taken.kind === "offline") await taken.putBack();
    expect(taken.kind).toBe("offline");
    expect(agent.offline).toEqual([]);
  });

  test("none where one is refused: it is named, and those before it are online again", async () => {
    agent.refused.add(33);
    expect(await take()).toEqual({
      kind: "refused",
      reason: "the guest agent could not take memory block 33 offline (operation-failed, error 16)",
    });
    expect(agent.offline).toEqual([]);
  });

  test("but those that were offline before stay so", async () => {
    agent.online.set(32, false);
    agent.refused.add(33);
    await take();
    expect(agent.offline).toEqual([32]);
  });

  test.each([
    ["that lie off the guest's blocks are not the guest's", { size: BLOCK, base: "0x104000000" }],
    ["without a known place", { size: BLOCK }],
  ])("DIMMs %s: nothing is done", async (_, of) => {
    expect(await take(of)).toMatchObject({ kind: "offline", blocks: 0 });
    expect(agent.offline).toEqual([]);
  });
});

describe("an agent that can't help is not waited for", () => {
  test.each(["guest-get-memory-block-info", "guest-get-memory-blocks", "guest-set-memory-blocks"])(
    "%s is disabled",
    async (disabled) => {
      host.agent = (command) => {
        if (command.execute === disabled) throw new Error(`Command ${disabled} has been disabled`);
        return agent.answer(command);
      };
      const agentError = `Command ${disabled} has been disabled`;
      expect(await take()).toMatchObject({ kind: "offline", blocks: 0, agentError });
    },
  );

  test("one that stops answering at a block: the guest may still give it up, so nothing is put back", async () => {
    agent.hangsAt.add(33);
    expect(await take()).toEqual({
      kind: "no-answer",
      reason:
        "no answer from the guest agent about offlining memory block 33 (Guest agent is not responding)",
      blocks: 1,
    });
    expect(agent.offline).toEqual([32]);
  });
});
