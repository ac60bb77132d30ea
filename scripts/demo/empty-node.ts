import { memoryDevicesByQemu } from "../../test/support/qemu.ts";
import type { Claim } from "./claim.ts";
import { say } from "./page.ts";
import { cellsIn, guestNow, messageWith, ranOn } from "./readings.ts";
import { agentIsThere, awaitConsole, editProgram, runPulumi, type Scene, showProgram } from "./scene.ts";

/** 256 MiB in KiB. */
const GROWTH_KIB = 256 * 1024;

// A second VM has a NUMA node that is empty at boot, and grows into it.

export async function previewEmptyNode(scene: Scene): Promise<Claim[]> {
  showProgram(scene);
  const { json } = await runPulumi(scene, "preview", { json: true });
  const sentence = /node 1 [^";]*\b1 MiB\b[^";]*/.exec(JSON.stringify(json))?.[0];
  return [
    {
      text: "the preview states what this machine type needs in an empty node",
      holds: sentence !== undefined,
      seen: sentence ?? "no message",
    },
  ];
}

export async function createEmptyNode(scene: Scene): Promise<Claim[]> {
  await runPulumi(scene, "up");
  await awaitConsole(scene, /GUEST memtotal.*/, 0);
  const cells = cellsIn(await scene.lab.virsh("dumpxml", scene.program.domain));
  const { nodes } = guestNow(scene);
  return [
    {
      text: "512 MiB in total, 1 MiB of it in node 1",
      holds: cells.join() === "511,1",
      seen: `node 0 ${cells[0]} MiB, node 1 ${cells[1]} MiB; in the guest ${nodeSizes(nodes)}`,
    },
  ];
}

export async function growIntoNode(scene: Scene): Promise<Claim[]> {
  const { lab, program, console } = scene;
  editProgram(scene, { memory: "768MiB" });
  const before = guestNow(scene);
  const from = console.text().length;
  await agentIsThere(scene);
  const { diagnostics } = await runPulumi(scene, "up");
  await awaitConsole(scene, new RegExp(`GUEST memtotal_kb=(?!${before.memory} ).*`), from);
  const after = guestNow(scene);
  const offline = / online=(\d+) offline=2 /.exec(console.text().slice(from));
  if (scene.verbose) {
    say(`  virsh qemu-monitor-command ${program.domain} --hmp 'info numa':`);
    const numa = await lab.virsh("qemu-monitor-command", program.domain, "--hmp", "info numa");
    for (const line of numa.trim().split(/\s*\n/)) say(`    ${line}`);
  }
  const devices = await memoryDevicesByQemu(lab, program.domain);
  const [device] = devices;
  const growth = after.nodes.map((size, node) => size - (before.nodes[node] ?? 0));
  const sentence = /.*\bfirst memory\b.*/.exec(messageWith(diagnostics, "node 1"))?.[0];
  return [
    {
      text: "the plan states what becomes of the node",
      holds: sentence !== undefined,
      seen: sentence ?? "no message",
    },
    {
      text: "the guest's kernel left two blocks offline, and the agent brought them online",
      holds: offline !== null && after.blocks === `online=${Number(offline[1]) + 2} offline=0`,
      seen: `${offline?.[0].trim() ?? "no block was offline"} → ${after.blocks}`,
    },
    {
      text: "QEMU has 256 MiB plugged into node 1",
      holds: devices.length === 1 && device?.node === 1 && device.size === GROWTH_KIB,
      seen: devices.map(({ id, node, size }) => `${id}: ${size / 1024} MiB, node ${node}`).join(", "),
    },
    {
      text: "the guest has them in node 1 too",
      holds: growth.join() === `0,${GROWTH_KIB}`,
      seen: `${nodeSizes(before.nodes)} → ${nodeSizes(after.nodes)}`,
    },
    ranOn(before, after),
  ];
}

function nodeSizes(nodes: number[]): string {
  return nodes.map((size, node) => `node ${node} ${size} kB`).join(", ");
}
