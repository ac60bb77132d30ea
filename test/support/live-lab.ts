import { afterAll, afterEach, beforeAll } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import type { GuestArch } from "../lab/packages.ts";
import { removeDomains } from "./virsh.ts";

/** libvirt, virsh and the guest's kernel count memory in KiB. */
export const MIB = 1024;

/** A guest of the lab boots under emulation, and another one may boot beside it. */
export const BOOT = { timeoutMs: 150_000 };

interface LabOfFile {
  arch?: GuestArch;
  /** For tests that continue each other: their domains stay until the file ends. */
  keepDomains?: boolean;
}

/** One lab for all tests of a file, which leave no domain to the next one. */
export function labOfThisFile({ arch = "x86_64", keepDomains = false }: LabOfFile = {}): () => Lab {
  let lab: Lab | undefined;
  const get = () => {
    if (lab === undefined) throw new Error("the lab has not started yet");
    return lab;
  };
  beforeAll(async () => {
    lab = await startLab({ arch });
  });
  if (!keepDomains) afterEach(() => removeDomains(get()));
  afterAll(() => lab?.stop());
  return get;
}
