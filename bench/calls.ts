import { connect } from "../provider/libvirt/connect.ts";
import type { Lab } from "../test/lab/lab.ts";
import { type Result, result } from "./result.ts";
import { inRounds, type Samples } from "./rounds.ts";
import { startTinyDomains } from "./tiny-domain.ts";
import { virshShell } from "./virsh-shell.ts";

/** A sample takes some 50 to 100 ms. */
const CALLS = 500;

/** The smallest call of use: looking a domain up by its name, which is all that `virsh domuuid` asks of libvirt. */
export async function callsBench(lab: Lab, rounds: number): Promise<Result> {
  const hypervisor = await connect(lab.uri);
  const shell = virshShell(lab);
  await startTinyDomains(hypervisor, ["called"]);
  const inFlight = async (count: number) => {
    let left = CALLS;
    const caller = async () => {
      while (left-- > 0) await hypervisor.findByName("called");
    };
    await Promise.all(Array.from({ length: count }, caller));
  };
  const commands = Array.from({ length: CALLS }, () => "domuuid called");
  const times = await inRounds(rounds, [
    (measure) => measure("our client, one after another", () => inFlight(1)),
    (measure) => measure("our client, 4 in flight", () => inFlight(4)),
    (measure) => measure("our client, 16 in flight", () => inFlight(16)),
    (measure) => measure("virsh, one process, one after another", () => shell.run(...commands)),
  ]);
  await shell.close();
  await hypervisor.close();
  const samples: Samples = new Map(
    [...times].map(([row, values]) => [row, values.map((ms) => (CALLS / ms) * 1000)]),
  );
  return result(
    { title: "2. Calls", unit: "calls/s", beside: ["virsh, one process, one after another"] },
    samples,
  );
}
