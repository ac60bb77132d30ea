// Records again what the Pulumi CLI on PATH does with the resource plugin of the fixtures:
// node test/engine/recordings/record.ts [scenario]…
import { writeFileSync } from "node:fs";
import { pluginScenarios } from "./plugin-scenarios.ts";
import { record, recordingFile } from "./recording.ts";

const wanted = process.argv.slice(2);
for (const [name, steps] of Object.entries(pluginScenarios)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const recordings = await record(steps, "plugin", undefined, "pulumi");
  const lines = recordings.map(({ ok, calls, state }, i) => ({
    step: steps[i]?.command,
    rc: ok ? 0 : 1,
    calls: calls.map((call) => JSON.stringify(call)),
    state: state.map((resource) => JSON.stringify(resource)),
  }));
  writeFileSync(recordingFile(name), `${JSON.stringify(lines, undefined, 1)}\n`);
  process.stdout.write(`${name}\n`);
}
