import { z } from "zod";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestReport, GuestSource } from "./report.ts";

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
  const ask = (execute: string) => hypervisor.agentCommand(domain, { execute }, QUESTION_SECONDS);
  let block: Kib | undefined;
  return {
    speaker: "agent",
    ask: async () => {
      block ??= readBlockSize(await ask("guest-get-memory-block-info"));
      return readBlocks(await ask("guest-get-memory-blocks"), block);
    },
    bringOnline: (blocks, seconds) => setBlocks(hypervisor, domain, blocks, true, seconds),
  };
}

/**
 * Has the agent take blocks of memory online or offline.
 *
 * @returns why some of them were refused; undefined when none was
 */
export async function setBlocks(
  hypervisor: Hypervisor,
  domain: DomainRef,
  blocks: number[],
  online: boolean,
  seconds: number,
): Promise<string | undefined> {
  const wanted = blocks.map((index) => ({ "phys-index": index, online }));
  const command = { execute: "guest-set-memory-blocks", arguments: { "mem-blks": wanted } };
  return readRefusals(await hypervisor.agentCommand(domain, command, seconds), online);
}

/** The memory blocks that a guest has, by its agent. */
export interface GuestBlocks {
  /** The size of each. */
  block: Kib;
  /** Their numbers: a block begins at its number times its size. */
  online: number[];
  offline: number[];
}

/** Asks the guest's agent for its memory blocks, each of both questions with this limit. */
export async function memoryBlocks(
  hypervisor: Hypervisor,
  domain: DomainRef,
  seconds = QUESTION_SECONDS,
): Promise<GuestBlocks> {
  const ask = (execute: string) => hypervisor.agentCommand(domain, { execute }, seconds);
  const block = readBlockSize(await ask("guest-get-memory-block-info"));
  return { block, ...readEachBlock(await ask("guest-get-memory-blocks")) };
}

/** What `guest-get-memory-block-info` answers, in KiB. */
export function readBlockSize(reply: unknown): Kib {
  return understood("guest-get-memory-block-info", blockInfoReply, reply).size / 1024;
}

/** What `guest-get-memory-blocks` answers. */
export function readBlocks(reply: unknown, block: Kib): GuestReport {
  const { online, offline } = readEachBlock(reply);
  return { memory: online.length * block, offline, block };
}

/** The numbers of the blocks in that answer. */
function readEachBlock(reply: unknown): { online: number[]; offline: number[] } {
  const blocks = understood("guest-get-memory-blocks", blocksReply, reply);
  const numbers = (isOnline: boolean) =>
    blocks.filter(({ online }) => online === isOnline).map((one) => one["phys-index"]);
  return { online: numbers(true), offline: numbers(false) };
}

/** What `guest-set-memory-blocks` answers, as a reason where a block was refused. */
export function readRefusals(reply: unknown, online = true): string | undefined {
  const refused = understood("guest-set-memory-blocks", onlineReply, reply).filter(
    ({ response }) => response !== "success",
  );
  const [first] = refused;
  if (first === undefined) return undefined;
  const code = first["error-code"] === undefined ? "" : `, error ${first["error-code"]}`;
  const which = refused.length === 1 ? "block" : `${refused.length} blocks, the first of them`;
  return `the agent could not ${online ? "bring" : "take"} ${which} ${first["phys-index"]} ${online ? "online" : "offline"} (${first.response}${code})`;
}

function understood<T extends z.ZodType>(command: string, schema: T, reply: unknown): z.output<T> {
  const parsed = schema.safeParse(reply);
  if (!parsed.success) throw new Error(`the agent's answer to ${command} can't be understood`);
  return parsed.data;
}
