import stringWidth from "string-width";
import { stringify } from "yaml";
import { foreignText } from "../foreign-text.ts";
import { formatSize } from "../units/size.ts";
import { formatVmSize } from "./catalogue-args.ts";
import type { Suggestion } from "./suggest.ts";

/** A longer name moves the figures in its own row only. */
const MOST_COLUMNS = 40;

const FORMAT = 1;

/** A suggestion as a catalogue file: the nearest size of each VM is in its comments. */
export function suggestionText({ args, nearest }: Suggestion): string {
  const added = nearest.reduce((sum, { vm, size }) => sum + size.memory - vm.memory, 0);
  const vms = nearest.map(({ vm, size }) => {
    const difference = size.memory - vm.memory;
    const more = difference === 0 ? "" : ` (+${formatSize(difference)})`;
    return [foreignText(vm.name), formatVmSize(vm), `${size.name}${more}`].map((text) => ({
      text,
      columns: stringWidth(text),
    }));
  });
  const widths = [0, 1].map((column) =>
    vms
      .map((row) => row[column]?.columns ?? 0)
      .filter((columns) => columns <= MOST_COLUMNS)
      .reduce((most, columns) => Math.max(most, columns), 0),
  );
  const count = `${nearest.length} VM${nearest.length === 1 ? "" : "s"}`;
  const comments = [
    `A catalogue for ${count}: each step up is live. All VMs together get ${added === 0 ? "no more memory" : `${formatSize(added)} more`}.`,
    "",
    ...vms.map((row) =>
      row
        .map(({ text, columns }, column) => text + " ".repeat(Math.max(0, (widths[column] ?? 0) - columns)))
        .join("  ")
        .trimEnd(),
    ),
  ];
  const catalogue = stringify(args, { collectionStyle: "any", lineWidth: 0 });
  return `${comments.map((line) => `# ${line}`.trimEnd()).join("\n")}\n${catalogue}`;
}

/** The same for programs. Fields may be added to it. */
export function suggestionJson({ args, nearest }: Suggestion): Record<string, unknown> {
  return {
    format: FORMAT,
    catalogue: args,
    vms: nearest.map(({ vm, size }) => ({
      name: vm.name,
      memory: formatSize(vm.memory).replace(" ", ""),
      vcpus: vm.vcpus,
      size: size.name,
    })),
  };
}
