import { test as property } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agentSource, readBlockSize, readBlocks, readRefusals } from "../../provider/guest/agent.ts";
import type { AgentCommand, Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { MIB } from "../support/fake-guest.ts";

const block = (index: number, online: boolean) => ({ "phys-index": index, online, "can-offline": true });

describe("what an agent answers", () => {
  test("blocks: what is online counts, what isn't is named", () => {
    const report = readBlocks([block(0, true), block(1, true), block(40, false)], 128 * MIB);
    expect(report).toEqual({ memory: 256 * MIB, online: [0, 1], offline: [40], block: 128 * MIB });
  });

  test("the size of a block comes in bytes", () => {
    expect(readBlockSize({ size: 134_217_728 })).toBe(128 * MIB);
  });

  test("bringing online: nothing for a success, the guest's own reason for a refusal", () => {
    const done = (index: number) => ({ "phys-index": index, response: "success" });
    const failed = { "phys-index": 41, response: "operation-failed", "error-code": 12 };
    expect(readRefusals([done(40), done(41)], "online")).toBeUndefined();
    expect(readRefusals([done(40), failed], "online")).toBe(
      "the guest agent could not bring memory block 41 online (operation-failed, error 12)",
    );
    expect(readRefusals([failed, { "phys-index": 42, response: "not-found" }], "offline")).toBe(
      "the guest agent could not take memory block 41 and 1 more offline (operation-failed, error 12)",
    );
  });

  property.prop([fc.jsonValue()])("is never taken for figures when it has another form", (answer) => {
    const readers = [
      readBlockSize,
      (reply: unknown) => readRefusals(reply, "online"),
      (reply: unknown) => readBlocks(reply, 128 * MIB),
    ];
    for (const read of readers) {
      const result = (() => {
        try {
          return read(answer);
        } catch (error) {
          return error;
        }
      })();
      if (Array.isArray(answer) && answer.length === 0) continue;
      expect(result).toBeInstanceOf(Error);
      expect((result as Error).message).toMatch(
        /^the guest agent's answer to guest-[a-z-]+ does not have the expected form$/,
      );
    }
  });

  test("a text of the guest's choice does not reach the terminal", () => {
    const reply = [{ "phys-index": 1, response: "\u001b[2Jgotcha" }];
    expect(() => readRefusals(reply, "online")).toThrow(
      "the guest agent's answer to guest-set-memory-blocks does not have the expected form",
    );
  });
});

test("the agent is asked for its block size once, and sent all blocks in one command", async () => {
  const sent: AgentCommand[] = [];
  const answers: Record<string, unknown> = {
    "guest-get-memory-block-info": { size: 134_217_728 },
    "guest-get-memory-blocks": [block(0, true), block(40, false)],
    "guest-set-memory-blocks": [{ "phys-index": 40, response: "success" }],
  };
  const hypervisor: Pick<Hypervisor, "agentCommand"> = {
    agentCommand: async (_, command) => {
      sent.push(command);
      return answers[command.execute];
    },
  };
  // Nothing else of a hypervisor is used.
  const source = agentSource(hypervisor as Hypervisor, { name: "web", uuid: "", id: 1 });
  await source.ask();
  expect(await source.ask()).toMatchObject({ memory: 128 * MIB, offline: [40] });
  await source.bringOnline?.([40, 41], 10);
  expect(sent).toEqual([
    { execute: "guest-get-memory-block-info" },
    { execute: "guest-get-memory-blocks" },
    { execute: "guest-get-memory-blocks" },
    {
      execute: "guest-set-memory-blocks",
      arguments: {
        "mem-blks": [
          { "phys-index": 40, online: true },
          { "phys-index": 41, online: true },
        ],
      },
    },
  ]);
});
