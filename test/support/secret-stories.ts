import fc from "fast-check";
import { SIGNATURE } from "../../provider/args/secret-mark.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { FakeHypervisor } from "./fake-hypervisor.ts";
import { libvirtError } from "./libvirt-error.ts";

type Properties = Record<string, unknown>;

/** Values that occur in nothing else; some sizes are live from others. */
const VALUES = {
  memory: ["2711MiB", "3223MiB", "3735MiB", "4247MiB", "3001MiB"],
  maxMemory: ["8087MiB", "9111MiB"],
  vcpus: [37, 41, 43],
  description: ["xyzzyplugh", "plughxyzzy"],
  disk: ["/frobozz/a.qcow2", "/gnusto/b.qcow2"],
} as const;

type Name = keyof typeof VALUES;
type Choice = { value: string | number; isSecret: boolean };

/** A program of which some values are secret. */
export type SecretProgram = Record<Name, Choice> & {
  whenNotPossible: "replace" | "restart" | "nextBoot" | "error";
  allowUnplug: boolean;
};

/** What happens to a resource, and what goes wrong with it. */
export interface Chapter {
  program: SecretProgram;
  operation: "preview" | "up" | "refresh" | "boot" | "off";
  fails?: "define" | "attachDevice" | "setVcpus" | "start" | undefined;
  isUnreachable: boolean;
}

const choiceOf = (name: Name): fc.Arbitrary<Choice> =>
  fc.record({ value: fc.constantFrom<string | number>(...VALUES[name]), isSecret: fc.boolean() });

const program: fc.Arbitrary<SecretProgram> = fc.record({
  memory: choiceOf("memory"),
  maxMemory: choiceOf("maxMemory"),
  vcpus: choiceOf("vcpus"),
  description: choiceOf("description"),
  disk: choiceOf("disk"),
  whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
  allowUnplug: fc.boolean(),
});

/** Each program differs from the one before in some values: in their marks, in themselves, or in both. */
export const stories: fc.Arbitrary<Chapter[]> = fc
  .tuple(
    program,
    fc.array(
      fc.record({
        program,
        changed: fc.subarray<keyof SecretProgram>(
          ["memory", "maxMemory", "vcpus", "description", "disk", "whenNotPossible", "allowUnplug"],
          { minLength: 1, maxLength: 3 },
        ),
        operation: fc.constantFrom("preview", "up", "up", "up", "refresh", "boot", "off"),
        fails: fc.option(fc.constantFrom("define", "attachDevice", "setVcpus", "start"), {
          nil: undefined,
          freq: 4,
        }),
        isUnreachable: fc.integer({ max: 7, min: 0 }).map((number) => number === 0),
      }),
      { minLength: 2, maxLength: 6 },
    ),
  )
  .map(([first, rest]) => {
    let last: Chapter = { program: first, operation: "up", isUnreachable: false };
    const chapters = [last];
    for (const { program: next, changed, operation, fails, isUnreachable } of rest) {
      const merged = { ...last.program, ...Object.fromEntries(changed.map((name) => [name, next[name]])) };
      last = { program: merged as SecretProgram, operation, fails, isUnreachable };
      chapters.push(last);
    }
    return chapters;
  });

/** The arguments, with each secret as `secret` wraps it. */
export function argumentsOf(
  { whenNotPossible, allowUnplug, disk, ...plain }: SecretProgram,
  secret: (value: unknown) => unknown,
): Properties {
  const given = ({ value, isSecret }: Choice) => (isSecret ? secret(value) : value);
  const named = Object.entries(plain).map(([name, choice]) => [name, given(choice)]);
  return {
    ...Object.fromEntries(named),
    maxVcpus: 64,
    memorySlots: 16,
    shutdownTimeout: 1,
    disks: [{ name: "data", file: given(disk), format: "qcow2" }],
    // The next size that is live is none of the values.
    hotplug: { alignment: "128MiB", whenNotPossible, allowUnplug, awaitGuest: false },
  };
}

/** The paths of the secret arguments, as the class passes them on. */
export function secretPathsOf(program: SecretProgram): string[] {
  return NAMES.filter((name) => program[name].isSecret).map((name) =>
    name === "disk" ? "disks[0].file" : name,
  );
}

const NAMES = Object.keys(VALUES) as Name[];

/** Watches what is shown of a resource, by the values that its programs have had so far. */
export class Watch {
  readonly leaks: string[] = [];
  readonly #public = new Set<string | number>();
  readonly #secret = new Set<string | number>();

  /** The program of the run that follows. What was public once stays so: nothing can take that back. */
  begin(program: SecretProgram): void {
    for (const { value, isSecret } of NAMES.map((name) => program[name]))
      (isSecret ? this.#secret : this.#public).add(value);
  }

  /** Looks for values that are or were secret, and never public. */
  show(where: string, shown: unknown): void {
    const text = typeof shown === "string" ? shown : hidden(shown);
    for (const value of [...this.#secret].filter((each) => !this.#public.has(each))) {
      const found = patternOf(value).exec(text);
      if (found !== null)
        this.leaks.push(
          `${value} in ${where}: ${text.slice(Math.max(0, found.index - 200), found.index + 60)}`,
        );
    }
  }

  /** What an operation has shown and recorded. */
  showEnd(
    operation: string,
    messages: readonly { text: string }[],
    { inputs = {}, outputs = {} }: { inputs?: object; outputs?: object } = {},
  ): void {
    for (const { text } of messages) this.show(`a message of ${operation}`, text);
    this.show(`the inputs after ${operation}`, inputs);
    this.showOutputs(`the outputs after ${operation}`, outputs as Properties);
  }

  /** What the plain outputs add up to: the base memory of a domain is its total without its devices. */
  showOutputs(where: string, outputs: Properties): void {
    this.show(where, outputs);
    const { liveMemory, memoryDevices } = outputs;
    if (typeof liveMemory !== "string" || !Array.isArray(memoryDevices)) return;
    const base = mib(liveMemory) - memoryDevices.reduce((sum, { size }) => sum + mib(size), 0);
    this.show(`${where}: liveMemory without memoryDevices`, `${base}MiB`);
  }
}

const mib = (size: unknown) => Number(/^(\d+)MiB$/.exec(String(size))?.[1] ?? Number.NaN);

function patternOf(value: string | number): RegExp {
  if (typeof value === "number") return new RegExp(`(?<![\\w-])${value}(?![\\w-])`);
  const size = mib(value);
  if (Number.isNaN(size)) return new RegExp(value, "i");
  return new RegExp(`(?<!\\d)(?:${[size, size * 1024, size * 1024 * 1024].join("|")})(?!\\d)`);
}

function hidden(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && SIGNATURE in inner ? "[secret]" : inner,
  );
}

/** The host refuses a call from here on, and no other one. */
export function refuse(host: FakeHypervisor, call: string | undefined, uuid = ""): void {
  host.refuses.clear();
  if (call === undefined) return;
  for (const name of [call, `${call} ${uuid}`])
    host.refuses.set(name, libvirtError(ErrorCode.OPERATION_FAILED, "the host refuses"));
}

/** Starts or stops the only domain, beside Pulumi. */
export function bootBeside(host: FakeHypervisor, operation: "boot" | "off"): void {
  const [domain] = host.domains.values();
  if (domain === undefined) return;
  if (domain.live !== undefined) host.turnOff(domain.uuid);
  if (operation === "boot" && host.domains.has(domain.uuid)) host.boot(domain.uuid);
}
