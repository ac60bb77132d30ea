import { z } from "zod";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestReport, GuestSource } from "./report.ts";

/** The limit for a command that an agent answers at once, if it answers. */
export const QUESTION_SECONDS = 5;

/** The guest's answers aren't trusted: only what has this form is used (qga/qapi-schema.json). */
const number = z.int().nonnegative();
const blocksReply = z.array(z.object({ "phys-index": number, online: z.boolean() }));
const blockInfoReply = z.object({ size: z.int().positive().multipleOf(1024) });
const setBlocksReply = z.array(
  z.object({
    "phys-index": number,
    response: z.enum(["success", "not-found", "operation-not-supported", "operation-failed"]),
    "error-code": z.int().optional(),
  }),
);

/** Asks the guest agent for the memory blocks (QEMU guest agent 2.3 or later, Linux guests). */
export function agentSource(hypervisor: Hypervisor, domain: DomainRef): GuestSource {
  const ask = (execute: string) => hypervisor.agentCommand(domain, { execute }, QUESTION_SECONDS);
  let block: Kib | undefined;
  return {
    speaker: "agent",
    ask: async () => {
      block ??= readBlockSize(await ask("guest-get-memory-block-info"));
      return readBlocks(await ask("guest-get-memory-blocks"), block);
    },
    bringOnline: (blocks, seconds) => setBlocks(hypervisor, domain, { blocks, to: "online", seconds }),
  };
}

/**
 * Whether an agent that gave no usable answer may give one later: it doesn't respond now, or a backup has frozen the guest's file
 * systems, which disables its commands. An agent that doesn't know the commands, or whose configuration blocks them, never will.
 */
export async function mayAnswerLater(
  hypervisor: Hypervisor,
  domain: DomainRef,
  error: string,
): Promise<boolean> {
  if (/not (responding|connected)|no answer/i.test(error)) return true;
  const question = { execute: "guest-fsfreeze-status" };
  const status = await hypervisor.agentCommand(domain, question, QUESTION_SECONDS).catch(() => undefined);
  return status === "frozen";
}

interface BlockChange {
  blocks: number[];
  to: "online" | "offline";
  seconds: number;
}

/**
 * Has the agent bring memory blocks online or take them offline.
 *
 * @returns why some of them were refused; undefined when none was
 */
export async function setBlocks(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { blocks, to, seconds }: BlockChange,
): Promise<string | undefined> {
  const states = blocks.map((index) => ({ "phys-index": index, online: to === "online" }));
  const command = { execute: "guest-set-memory-blocks", arguments: { "mem-blks": states } };
  return readRefusals(await hypervisor.agentCommand(domain, command, seconds), to);
}

/** The memory blocks of a guest, as its agent lists them. */
export interface GuestBlocks {
  /** The size of each. */
  block: Kib;
  /** Their numbers: a block begins at its number times its size. */
  online: number[];
  offline: number[];
}

/** Asks the guest agent for the memory blocks, with this limit for each of the two questions. */
export async function memoryBlocks(
  hypervisor: Hypervisor,
  domain: DomainRef,
  seconds = QUESTION_SECONDS,
): Promise<GuestBlocks> {
  const ask = (execute: string) => hypervisor.agentCommand(domain, { execute }, seconds);
  const block = readBlockSize(await ask("guest-get-memory-block-info"));
  return { block, ...readEachBlock(await ask("guest-get-memory-blocks")) };
}

/** Reads the answer to `guest-get-memory-block-info`. */
export function readBlockSize(reply: unknown): Kib {
  return parsedReply("guest-get-memory-block-info", blockInfoReply, reply).size / 1024;
}

/** Reads the answer to `guest-get-memory-blocks`. */
export function readBlocks(reply: unknown, block: Kib): GuestReport {
  const { online, offline } = readEachBlock(reply);
  return { memory: online.length * block, online, offline, block };
}

function readEachBlock(reply: unknown): { online: number[]; offline: number[] } {
  const blocks = parsedReply("guest-get-memory-blocks", blocksReply, reply);
  const numbers = (isOnline: boolean) =>
    blocks.filter(({ online }) => online === isOnline).map((block) => block["phys-index"]);
  return { online: numbers(true), offline: numbers(false) };
}

/** Reads the answer to `guest-set-memory-blocks`: the reason where a block was refused. */
export function readRefusals(reply: unknown, to: "online" | "offline"): string | undefined {
  const refused = parsedReply("guest-set-memory-blocks", setBlocksReply, reply).filter(
    ({ response }) => response !== "success",
  );
  const [first] = refused;
  if (first === undefined) return undefined;
  const code = first["error-code"] === undefined ? "" : `, error ${first["error-code"]}`;
  const others = refused.length === 1 ? "" : ` and ${refused.length - 1} more`;
  const act = to === "online" ? "bring" : "take";
  return `the guest agent could not ${act} memory block ${first["phys-index"]}${others} ${to} (${first.response}${code})`;
}

export function parsedReply<T extends z.ZodType>(command: string, schema: T, reply: unknown): z.output<T> {
  const result = schema.safeParse(reply);
  if (!result.success)
    throw new Error(`the guest agent's answer to ${command} does not have the expected form`);
  return result.data;
}
