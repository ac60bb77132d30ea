// VMs grow while they run, on this machine: `npm run demo`. With `npm run demo -- --keep` they stay, with `--plugin` the
// provider is the resource plugin, and with `--verbose` everything is shown that Pulumi prints and the guests write.
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { engineOnThisMachine } from "../test/engine/driver.ts";
import { type Lab, startLab } from "../test/lab/lab.ts";
import { LabUnavailable } from "../test/lab/packages.ts";
import { runCommand } from "./command.ts";
import { patiently, say, secondsSince } from "./demo/page.ts";
import { printCommands } from "./demo/print-commands.ts";
import { copyOfExample } from "./demo/program.ts";
import { walkThrough } from "./demo/walk.ts";

const { keep, plugin, verbose } = parseArgs({
  options: {
    keep: { type: "boolean", default: false },
    plugin: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
}).values;

const engine = await patiently("installing Pulumi", engineOnThisMachine());
say(
  `engine: ${engine.kind === "pulumi" ? `pulumi v${engine.command.version}` : `the tests' small engine (${engine.why})`}`,
);
const built = await runCommand(process.execPath, ["scripts/build.ts"]);
if (verbose || !built.ok) process.stdout.write(built.output);
if (!built.ok) process.exit(1);
if (plugin)
  say(
    "provider: the resource plugin in dist/plugin; ./domain has the class of the SDK that pulumi package add generates",
  );

// Not process.exitCode: what waits for a guest that is gone would hold the process.
process.exit(await demonstrate(await openLab()));

/** Until there is a lab Ctrl-C ends this process at once, and the lab's watchdog tidies up what there was of one. */
async function openLab(): Promise<Lab> {
  const started = performance.now();
  try {
    const lab = await patiently("preparing a private libvirt and its guest", startLab());
    say(`a libvirt of the demo's own runs in ${lab.dir} (${secondsSince(started)})`);
    return lab;
  } catch (error) {
    if (!(error instanceof LabUnavailable)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

async function demonstrate(lab: Lab): Promise<number> {
  const interrupt = new AbortController();
  let status = 1;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      status = 128 + constants.signals[signal];
      // A second one doesn't wait: the watchdog tidies up.
      if (interrupt.signal.aborted) process.exit(status);
      say("\ntidying up …");
      interrupt.abort();
    });
  }
  let kept = false;
  try {
    const web = copyOfExample(lab, "web", { domain: "web-1", plugin });
    const reserve = copyOfExample(lab, "reserve", { domain: "db-1", plugin });
    if (await walkThrough(lab, { web, reserve }, { keep, verbose, signal: interrupt.signal })) status = 0;
    if (keep) {
      const end = await lab.keep();
      kept = true;
      printCommands(lab, [web, reserve], { engine, end });
    }
  } catch (error) {
    if (!interrupt.signal.aborted) console.error(error);
  } finally {
    if (!kept) await lab.stop();
  }
  return status;
}
