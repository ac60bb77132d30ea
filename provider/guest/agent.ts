import { z } from "zod";
import type { Kib } from "../domain/state.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { GuestSource, GuestWord } from "./word.ts";

/** A question that an agent answers at once, if it answers. */
const QUESTION_SECONDS = 5;

/** What the guest answers is a stranger's word: only what has this form is used (qga/qapi-schema.json). */
const number = z.int().nonnegative();
const blocksReply = z.array(z.object({ "phys-index": number, online: z.boolean() }));
const blockInfoReply = z.object({ size: z.int().positive().multipleOf(1024) });
const onlineReply = z.array(
  z.object({
    "phys-index": number,
    response: z.enum(["success", "not-found", "operation-not-supported", "operation-failed"]),
    "error-code": z.int().optional(),
  }),
);

/** Asks the guest's agent for the memory blocks (QEMU guest agent from 2.3 on, Linux guests). */
export function agentSource(hypervisor: Hypervisor, domain: DomainRef): GuestSource {
  const command = (execute: string, args: object | undefined, seconds: number) =>
    hypervisor.agentCommand(domain, { execute, ...(args && { arguments: args }) }, seconds);
  const ask = (execute: string) => command(execute, undefined, QUESTION_SECONDS);
  let block: Kib | undefined;
  return {
    speaker: "agent",
    ask: async () => {
      block ??= readBlockSize(await ask("guest-get-memory-block-info"));
      return readBlocks(await ask("guest-get-memory-blocks"), block);
    },
    bringOnline: async (blocks, seconds) => {
      const wanted = blocks.map((index) => ({ "phys-index": index, online: true }));
      return readRefusals(await command("guest-set-memory-blocks", { "mem-blks": wanted }, seconds));
    },
  };
}

/** What `guest-get-memory-block-info` answers, in KiB. */
export function readBlockSize(reply: unknown): Kib {
  return understood("guest-get-memory-block-info", blockInfoReply, reply).size / 1024;
}

/** What `guest-get-memory-blocks` answers. */
export function readBlocks(reply: unknown, block: Kib): GuestWord {
  const blocks = understood("guest-get-memory-blocks", blocksReply, reply);
  const offline = blocks.filter(({ online }) => !online).map((one) => one["phys-index"]);
  return { memory: (blocks.length - offline.length) * block, offline, block };
}

/** What `guest-set-memory-blocks` answers, as a reason where a block was refused. */
export function readRefusals(reply: unknown): string | undefined {
  const refused = understood("guest-set-memory-blocks", onlineReply, reply).filter(
    ({ response }) => response !== "success",
  );
  const [first] = refused;
  if (first === undefined) return undefined;
  const code = first["error-code"] === undefined ? "" : `, error ${first["error-code"]}`;
  return `the agent could not bring ${refused.length === 1 ? "block" : `${refused.length} blocks, the first of them`} ${first["phys-index"]} online (${first.response}${code})`;
}

function understood<T extends z.ZodType>(command: string, schema: T, reply: unknown): z.output<T> {
  const parsed = schema.safeParse(reply);
  if (!parsed.success) throw new Error(`the agent's answer to ${command} can't be understood`);
  return parsed.data;
}
