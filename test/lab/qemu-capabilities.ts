import { chownSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";
import type { User } from "./folder.ts";

// libvirt asks a new QEMU binary for what it can do: 1.5 s at a lab's first define, and 0.04 s where it finds
// the answers of an earlier lab. It judges by itself whether they still hold (binary, libvirt, host kernel).

/** Gives a new lab the answers that an earlier one left. `folder`: where its libvirt looks for them. */
export function seedCapabilities(folder: string, user: User): void {
  for (const [file, answers] of capabilities(shared())) {
    const target = join(folder, file);
    writeFileSync(target, answers);
    chownSync(target, user.uid, user.gid);
  }
}

/** Keeps what a lab's libvirt has found out, if that is news. */
export function keepCapabilities(folder: string): void {
  const kept = new Map(capabilities(shared()));
  for (const [file, answers] of capabilities(folder)) {
    if (kept.get(file)?.equals(answers)) continue;
    try {
      mkdirSync(shared(), { recursive: true });
      const news = join(shared(), `.${process.pid}`);
      writeFileSync(news, answers);
      renameSync(news, join(shared(), file));
    } catch {
      // A cache of somebody else's, for us to read only: the next lab asks QEMU again.
    }
  }
}

const shared = () => join(cacheFolder(), "qemu-capabilities");

function capabilities(folder: string): [file: string, answers: Buffer][] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(".xml"))
      .map((file) => [file, readFileSync(join(folder, file))]);
  } catch {
    return [];
  }
}
