import { writeFileSync } from "node:fs";
import { diskXml } from "../provider/domain/disks.ts";
import { connect } from "../provider/libvirt/connect.ts";
import type { Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { diskTargets } from "../provider/units/disk-targets.ts";
import type { Lab } from "../test/lab/lab.ts";
import { emptyDisk } from "./empty-disk.ts";
import { managedDomain } from "./managed-domain.ts";
import { type Result, result } from "./result.ts";
import { inRounds } from "./rounds.ts";
import { type VirshShell, virshShell } from "./virsh-shell.ts";

/** One change: what it adds to a domain's vCPUs and disks in each round. */
interface Change {
  name: string;
  title: string;
  vcpus: boolean;
  disk: boolean;
}

const CHANGES: readonly Change[] = [
  { name: "vcpu", title: "a vCPU added", vcpus: true, disk: false },
  { name: "disk", title: "a disk attached", vcpus: false, disk: true },
  { name: "both", title: "a vCPU added and a disk attached", vcpus: true, disk: true },
];

/** Every round takes a root port of a domain, and the address space of a PCIe bus ends somewhere. */
const ROUNDS_AT_MOST = 60;

/**
 * A domain gets a vCPU, a disk, or both, live and in its definition: by our client and by the provider, beside virsh, each on a
 * domain of its own with the same definition. virsh is one process that was started before. It and our client look at nothing but
 * the domain's name.
 */
export async function vcpusDisksBench(lab: Lab, rounds: number): Promise<Result[]> {
  const hypervisor = await connect(lab.uri);
  const shell = virshShell(lab);
  const results: Result[] = [];
  for (const change of CHANGES)
    results.push(await benchOf(change, { lab, hypervisor, shell, rounds: Math.min(rounds, ROUNDS_AT_MOST) }));
  await shell.close();
  await hypervisor.close();
  return results;
}

/** The domains that change: by the provider, by our client, by virsh. */
type Names = [string, string, string];

interface Contest {
  lab: Lab;
  hypervisor: Hypervisor;
  shell: VirshShell;
  rounds: number;
}

async function benchOf(change: Change, { lab, hypervisor, shell, rounds }: Contest): Promise<Result> {
  const [ours, byClient, byVirsh] = ["provider", "client", "virsh"].map(
    (by) => `${change.name}-${by}`,
  ) as Names;
  const program = (growths: number) => ({
    ...{
      name: ours,
      memory: "128MiB",
      maxMemory: "1GiB",
      hotplugPorts: rounds + 2,
      agent: false,
      balloon: false,
    },
    ...{ vcpus: 1 + (change.vcpus ? growths : 0), maxVcpus: rounds + 2 },
    disks: Array.from({ length: change.disk ? growths : 0 }, (_, index) => ({
      ...{ name: `d${index}`, file: image(lab, `${ours}-${index}`), format: "raw" as const },
    })),
  });
  const managed = await managedDomain(lab, hypervisor, program);
  for (const name of [byClient, byVirsh]) await startCopy(hypervisor, { of: ours, name });
  const virsh = "virsh, one process";
  const samples = await inRounds(rounds, [
    (measure, round) => {
      const { count, xml } = growth(change, { lab, domain: byClient, round });
      return measure("our client", async () => {
        const domain = await hypervisor.findByName(byClient);
        if (domain === undefined) throw new Error(`${byClient} is gone`);
        const where = { live: true, config: true };
        if (count !== undefined) await hypervisor.setVcpus(domain, count, where);
        if (xml !== undefined) await hypervisor.attachDevice(domain, xml, where);
      });
    },
    (measure, round) => {
      const { count, xml } = growth(change, { lab, domain: byVirsh, round });
      const file = lab.file(`${byVirsh}.xml`);
      if (xml !== undefined) writeFileSync(file, xml);
      const commands = [
        ...(count === undefined ? [] : [`setvcpus ${byVirsh} ${count} --live --config`]),
        ...(xml === undefined ? [] : [`attach-device ${byVirsh} ${file} --live --config`]),
      ];
      return measure(virsh, () => shell.run(...commands));
    },
    managed,
  ]);
  const title = `10. ${change.title}, live and in the definition`;
  return result({ title, unit: "ms", beside: [virsh] }, samples);
}

/** What a round adds to a domain, with the XML that the provider attaches. */
function growth(
  { vcpus, disk }: Change,
  { lab, domain, round }: { lab: Lab; domain: string; round: number },
): { count?: number; xml?: string } {
  const file = disk ? image(lab, `${domain}-${round}`) : undefined;
  const how = { device: "disk", bus: "virtio", format: "raw", readOnly: false } as const;
  const alias = `ua-pulumi-disk-d${round}`;
  const target = diskTargets(Array.from({ length: round + 1 }, () => ({ bus: "virtio" }))).at(-1) ?? "";
  return {
    ...(vcpus && { count: round + 2 }),
    ...(file !== undefined && { xml: diskXml({ ...how, file, alias, target }) }),
  };
}

function image(lab: Lab, name: string): string {
  return emptyDisk(lab, lab.file(`${name}.raw`));
}

/** Starts a domain with the definition of another one, paused. */
async function startCopy(hypervisor: Hypervisor, { of, name }: { of: string; name: string }): Promise<void> {
  const original = await hypervisor.findByName(of);
  if (original === undefined) throw new Error(`${of} is not there to be copied`);
  const xml = await hypervisor.xml(original, { inactive: true });
  const copy = xml.replace(`<name>${of}</name>`, `<name>${name}</name>`).replace(/<uuid>.*?<\/uuid>/, "");
  await hypervisor.start(await hypervisor.define(copy), { paused: true });
}
