import { readNumbers, writeNumbers } from "../units/number-list.ts";
import { spreadVcpus } from "../units/spread-vcpus.ts";
import { insertInOrder } from "./merge.ts";
import type { CpuTopology, VcpuState } from "./state.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  removeAll,
  type SharedElement,
  setAttribute,
  setText,
  textOf,
} from "./tree.ts";
import { wholeNumber } from "./whole-number.ts";

/** The vCPUs of a definition, set as a whole. */
export interface VcpuSpec {
  /** At boot. */
  current: number;
  maximum: number;
  /** Left out: it stays as it is. */
  topology?: CpuTopology;
}

/**
 * Reads a domain's vCPUs: the maximum, and what differs from a domain that has all of them and can't lose any. A list of vCPUs
 * (`<vcpus>`) overrides the attribute `current` (virDomainVcpuParse).
 */
export function readVcpuState(domain: SharedElement): VcpuState {
  const vcpus = readMaxVcpus(domain);
  const listed = children(find(domain, "vcpus"), "vcpu");
  const current = currentVcpus(domain, vcpus, listed);
  const topology = readTopology(domain);
  const fixed = listed.filter(
    (vcpu) => attribute(vcpu, "enabled") === "yes" && attribute(vcpu, "hotpluggable") !== "yes",
  );
  return {
    vcpus,
    ...(current !== vcpus && { currentVcpus: current }),
    ...(topology && { topology }),
    ...(listed.length > 0 && fixed.length !== current && { fixedVcpus: writeNumbers(fixed.map(idOf)) }),
  };
}

/** The maximum number of vCPUs; libvirt's default is 1. */
export function readMaxVcpus(domain: SharedElement): number {
  const written = textOf(find(domain, "vcpu")).trim();
  return written === "" ? 1 : wholeNumber(written, "<vcpu>");
}

/** What the program's own XML decides; undefined where it leaves the maximum to the arguments. */
export function maxVcpusInXml(domain: SharedElement): number | undefined {
  if (find(domain, "vcpu") !== undefined) return readMaxVcpus(domain);
  const topology = readTopology(domain);
  return topology && topology.sockets * topology.dies * topology.cores * topology.threads;
}

function currentVcpus(domain: SharedElement, maximum: number, listed: SharedElement[]): number {
  if (listed.length > 0) return listed.filter((vcpu) => attribute(vcpu, "enabled") === "yes").length;
  const current = attribute(find(domain, "vcpu"), "current");
  return current === undefined ? maximum : wholeNumber(current, "<vcpu current>");
}

function idOf(vcpu: SharedElement): number {
  return wholeNumber(attribute(vcpu, "id") ?? "", "<vcpu id>");
}

function readTopology(domain: SharedElement): CpuTopology | undefined {
  const found = find(domain, "cpu", "topology");
  if (found === undefined) return undefined;
  const count = (name: string) => wholeNumber(attribute(found, name) ?? "1", `<topology ${name}>`);
  return { sockets: count("sockets"), dies: count("dies"), cores: count("cores"), threads: count("threads") };
}

/** Sets the vCPUs of a definition: their numbers, which of them are removable, the topology, and the nodes that they are in. */
export function setVcpus(domain: Element, { current, maximum, topology }: VcpuSpec): void {
  const before = readVcpuState(domain);
  const isSame = before.vcpus === maximum && (before.currentVcpus ?? before.vcpus) === current;
  const found = find(domain, "vcpu");
  if (!isSame || found === undefined) {
    const vcpu = found ?? element("vcpu");
    if (found === undefined) insertInOrder(domain, vcpu);
    setText(vcpu, String(maximum));
    setAttribute(vcpu, "current", current === maximum ? undefined : current);
  }
  if (topology !== undefined) setTopology(domain, topology);
  setList(domain, { current, maximum, isSame });
  fitNodes(domain, maximum);
}

/**
 * libvirt plugs a vCPU that is removable into QEMU before the guest boots; one that isn't can never be removed. Those that the
 * definition lists keep what it says about them.
 */
function setList(
  domain: Element,
  { current, maximum, isSame }: Pick<VcpuSpec, "current" | "maximum"> & { isSame: boolean },
): void {
  const list = find(domain, "vcpus");
  if (list !== undefined && isSame) return;
  const removable = canLoseVcpus(domain);
  if (list === undefined && (!removable || maximum === 1)) return;
  const known = new Map(children(list, "vcpu").map((vcpu) => [idOf(vcpu), attribute(vcpu, "hotpluggable")]));
  const vcpus = Array.from({ length: maximum }, (_, id) =>
    element("vcpu", {
      id,
      enabled: id < current ? "yes" : "no",
      // One that isn't enabled can only be plugged (libvirt: "vcpu … is both offline and not hotpluggable").
      hotpluggable: id === 0 ? "no" : id >= current ? "yes" : (known.get(id) ?? (removable ? "yes" : "no")),
    }),
  );
  removeAll(domain, ({ name }) => name === "vcpus");
  insertInOrder(domain, element("vcpus", {}, ...vcpus));
}

/** Where QEMU asks the guest by ACPI to give up a vCPU. */
function canLoseVcpus(domain: Element): boolean {
  const type = find(domain, "os", "type");
  return (
    ["x86_64", "i686"].includes(attribute(type, "arch") ?? "") &&
    !/^(microvm|isapc)(-|$)/.test(attribute(type, "machine") ?? "") &&
    find(domain, "features", "acpi") !== undefined
  );
}

function setTopology(domain: Element, topology: CpuTopology): void {
  const present = readTopology(domain);
  if (present !== undefined && TOPOLOGY.every((name) => present[name] === topology[name])) return;
  const cpu = find(domain, "cpu") ?? element("cpu");
  if (find(domain, "cpu") === undefined) insertInOrder(domain, cpu);
  removeAll(cpu, ({ name }) => name === "topology");
  insertInOrder(cpu, topologyElement(topology));
}

const TOPOLOGY = ["sockets", "dies", "cores", "threads"] as const;

function topologyElement({ sockets, dies, cores, threads }: CpuTopology): Element {
  return element("topology", { sockets, dies, cores, threads });
}

/**
 * Every vCPU gets a node. libvirt refuses nodes with more vCPUs than the domain has, and vCPUs in two nodes; it puts those that no
 * node names into node 0, where they would stay.
 */
export function fitNodes(domain: Element, maximum: number): void {
  const cells = children(find(domain, "cpu", "numa"), "cell")
    .map((cell, index) => ({ cell, id: Number(attribute(cell, "id") ?? index) }))
    .sort((a, b) => a.id - b.id);
  const lists = cells.map(({ cell }) => attribute(cell, "cpus"));
  for (const [index, cpus] of spreadVcpus(lists, maximum).entries()) {
    const cell = cells[index]?.cell;
    const written = lists[index];
    const isSame = writeNumbers(readNumbers(written ?? "")) === (cpus ?? "");
    if (cell !== undefined && !isSame) setAttribute(cell, "cpus", cpus);
  }
}

/**
 * The vCPUs of each node of a new domain: those that the program names, and the others spread over the nodes. Where it names none,
 * the vCPUs at boot are in node 0.
 */
export function vcpusOfCells(
  cells: readonly { cpus?: string }[],
  vcpus: number | undefined,
  maximum: number | undefined,
): (string | undefined)[] {
  const named = cells.map(({ cpus }) => cpus);
  if (vcpus === undefined || maximum === undefined) return named;
  const areNamed = named.some((cpus) => cpus !== undefined);
  const atBoot = writeNumbers(Array.from({ length: vcpus }, (_, vcpu) => vcpu));
  return spreadVcpus(areNamed ? named : named.map((_, id) => (id === 0 ? atBoot : undefined)), maximum);
}

/**
 * One socket for each node, since guests may limit their number (Windows does by edition): undefined where a node's vCPUs aren't
 * the next ones in order, so that they wouldn't be one socket.
 */
export function socketForEachNode(
  lists: readonly (string | undefined)[],
  maximum: number,
): CpuTopology | undefined {
  const cores = maximum / lists.length;
  const isSocket = (list: string | undefined, node: number) =>
    readNumbers(list ?? "").every((vcpu, index) => vcpu === node * cores + index) &&
    readNumbers(list ?? "").length === cores;
  return lists.every(isSocket) ? { sockets: lists.length, dies: 1, cores, threads: 1 } : undefined;
}
