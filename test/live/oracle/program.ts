import type { Args } from "../../support/stack-on-lab.ts";
import { withListEdit } from "./lists.ts";
import type { Edit } from "./story.ts";

export type Program = Args & { memory: string };

/** The program after these edits, in their order. A memory below 128 MiB stays as it was: nothing starts with that. */
export function edited(program: Program, edits: Edit[]): Program {
  return edits.reduce((before, edit) => withEdit(before, edit), program);
}

function withEdit(program: Program, edit: Edit): Program {
  switch (edit.kind) {
    case "memory": {
      const mib = mibOf(program.memory) + edit.mib;
      return mib < 128 ? program : { ...program, memory: `${mib}MiB` };
    }
    case "set":
      return { ...program, ...edit.args, memory: program.memory };
    case "hotplug":
      return { ...program, hotplug: { ...(program.hotplug as object), ...edit.args } };
    case "list":
      return withListEdit(program, edit.edit);
    case "unset": {
      const { [edit.name]: _, ...rest } = program;
      return { ...rest, memory: program.memory };
    }
    case "nodes": {
      const mib = mibOf(program.memory);
      const first = Math.floor((Math.min(mib, 256) * edit.quarters) / 4);
      const second = Math.min(mib, 256) - first;
      const numa = [
        { memory: `${first}MiB`, cpus: "0" },
        ...(second > 0 ? [{ memory: `${second}MiB` }] : []),
      ];
      return { ...program, numa };
    }
  }
}

export function mibOf(size: string): number {
  const [, number, unit] = /^(\d+)(MiB|GiB)$/.exec(size) ?? [];
  return Number(number) * (unit === "GiB" ? 1024 : 1);
}
