import { test } from "@fast-check/vitest";
import { afterAll, beforeAll, expect } from "vitest";
import { at, topOf } from "../../engine/stack/property-path.ts";
import { isSecret, type Props, SIGNATURE, secret, UNKNOWN, type Value } from "../../engine/stack/values.ts";
import { places, validArguments, withUnknown } from "../../support/arbitrary-inputs.ts";
import { buildPackage } from "../../support/build-package.ts";
import type { Fields } from "../../support/plugin-messages.ts";
import { type PluginProcess, startPlugin } from "../../support/plugin-process.ts";

const URN = "urn:pulumi:dev::shop::libvirt-hotplug:index:Domain::web-1";

let plugin: PluginProcess;
/** Nobody listens there: what a host has no room or no support for is not the subject. */
const NOWHERE = "qemu:///session?socket=/nonexistent/libvirt-sock";
beforeAll(async () => {
  await buildPackage();
  plugin = await startPlugin("127.0.0.1:9");
  await plugin.call("Handshake", {});
  await plugin.call("Configure", { args: { uri: NOWHERE, domainType: "qemu" } });
}, 120_000);
afterAll(() => plugin.stop());

async function ask(rpc: "Check" | "Create", request: Fields): Promise<Fields> {
  const answer = await plugin.call(rpc, { urn: URN, ...request });
  if ("error" in answer) throw new Error(answer.error.message);
  return answer.response;
}

/** As Pulumi writes a path. */
function pathOf(steps: (string | number)[]): string {
  return steps
    .map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join("");
}

function replaced(value: unknown, [step, ...rest]: (string | number)[], by: (old: Value) => Value): unknown {
  if (step === undefined) return by(value as Value);
  if (Array.isArray(value)) return value.map((item, i) => (i === step ? replaced(item, rest, by) : item));
  return { ...(value as object), [step]: replaced(Reflect.get(value as object, step), rest, by) };
}

/** Whether the value at the path, or what contains it, is marked as secret. */
function isHidden(props: Props, steps: (string | number)[]): boolean {
  return steps.some((_, i) => isSecret(at(props, pathOf(steps.slice(0, i + 1)))));
}

/** Of a domain that is created: what is adopted must exist. */
const createArguments = validArguments.map(({ adopt: _, ...args }) => args as Fields);
const SOME = { numRuns: 6 };

test.prop([createArguments], SOME)(
  "an argument that isn't known yet passes check and the preview of a create, at every place",
  async (args) => {
    for (const place of places(args)) {
      const news = withUnknown(args, place) as Fields;
      const { inputs, failures } = await ask("Check", { olds: {}, news });
      const found = { place, failures };
      expect(found).toEqual({ place, failures: [] });
      expect(JSON.stringify(inputs)).toContain(UNKNOWN);
      await ask("Create", { properties: inputs, preview: true });
    }
  },
);

test.prop([createArguments], SOME)(
  "a secret argument stays secret in the inputs and in the previewed outputs, at every place",
  async (args) => {
    for (const place of places(args)) {
      const news = replaced(args, place, secret) as Fields;
      const { inputs, failures } = await ask("Check", { olds: {}, news });
      expect({ place, failures }).toEqual({ place, failures: [] });
      const path = pathOf(place);
      expect({ path, hidden: isHidden(inputs as Props, place) }).toEqual({ path, hidden: true });
      const { properties } = await ask("Create", { properties: inputs, preview: true });
      const outputs = properties as Props;
      if (topOf(path) in outputs)
        expect({ path, hidden: isHidden(outputs, place) }).toEqual({ path, hidden: true });
    }
  },
);

test("a secret that isn't known yet is both", async () => {
  const news = { memory: { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value: UNKNOWN } };
  const { inputs, failures } = await ask("Check", { olds: {}, news });
  expect(failures).toEqual([]);
  expect(inputs).toMatchObject({ memory: secret(UNKNOWN) });
  const { properties } = await ask("Create", { properties: inputs, preview: true });
  expect(properties).toMatchObject({ memory: secret(UNKNOWN), liveMemory: secret(UNKNOWN) });
});
