import type { Card, Disk, ListEdit } from "./device-story.ts";
import { mibOf, type Program } from "./program.ts";

type Entry = Disk | Card;

/** The program after an edit of its disks or its network interfaces; where the list has no such entry, as it was. */
export function withListEdit(program: Program, edit: ListEdit): Program {
  switch (edit.kind) {
    case "put": {
      const { disk, card } = edit;
      return disk === undefined
        ? { ...program, interfaces: put(cardsOf(program), card ?? {}, edit.at) }
        : { ...program, disks: put(disksOf(program), disk, edit.at) };
    }
    case "drop":
      return changed(program, edit.list, (list) =>
        list.filter((_, index) => index !== edit.at % list.length),
      );
    case "rotate":
      return changed(program, edit.list, (list) => {
        const by = edit.by % Math.max(1, list.length);
        return [...list.slice(by), ...list.slice(0, by)];
      });
    case "alter":
      return changed(program, edit.list, (list) => list.map(at(edit.at, list.length, altered(edit.args))));
    case "grow":
      return {
        ...program,
        ...(program.disks && {
          disks: disksOf(program).map(at(edit.at, disksOf(program).length, grown(edit.mib))),
        }),
      };
  }
}

export function disksOf({ disks }: Program): Disk[] {
  return (disks ?? []) as Disk[];
}

export function cardsOf({ interfaces }: Program): Card[] {
  return (interfaces ?? []) as Card[];
}

function put<One extends Entry>(list: One[], entry: One, place: number): One[] {
  const isSame = (one: One) =>
    (entry.name !== undefined && one.name === entry.name) || imageOf(one) === (imageOf(entry) ?? "none");
  const index = list.findIndex(isSame);
  const others = list.filter((one) => !isSame(one));
  return others.toSpliced(index < 0 ? place % (others.length + 1) : index, 0, withoutNull(entry));
}

function imageOf(entry: Entry): string | undefined {
  const { file, pool, volume, mac } = entry as Record<string, string | undefined>;
  return file ?? (volume === undefined ? mac : `${pool}/${volume}`);
}

function changed(
  program: Program,
  list: "disks" | "interfaces",
  change: (entries: Entry[]) => Entry[],
): Program {
  return program[list] === undefined
    ? program
    : ({ ...program, [list]: change(program[list] as Entry[]) } as Program);
}

function at<One>(place: number, length: number, change: (one: One) => One): (one: One, index: number) => One {
  return (one, index) => (index === place % Math.max(1, length) ? change(one) : one);
}

/** Only a drive's medium changes: of a disk, the image stays. */
function altered(args: Record<string, unknown>): (entry: Entry) => Entry {
  return (entry) => {
    if ("file" in args && (entry as Disk).device !== "cdrom") return entry;
    return withoutNull({ ...entry, ...args } as Entry);
  };
}

function withoutNull<One extends Entry>(entry: One): One {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null)) as One;
}

function grown(mib: number): (disk: Disk) => Disk {
  return (disk) => {
    const { size } = disk as { size?: string };
    return size === undefined ? disk : ({ ...disk, size: `${mibOf(size) + mib}MiB` } as Disk);
  };
}
