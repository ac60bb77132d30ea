import { describe, expect, it } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PLUGIN_URN, PluginInProcess } from "../support/plugin-in-process.ts";

const OTHER = "qemu:///session";
const NEW = PLUGIN_URN.replace("web-1", "web-2");
const program = { memory: "1GiB", shutdownTimeout: 0 };

/** A domain of a stack that had `libvirt:uri` for the class of the npm package. */
async function moved() {
  const hosts = { "qemu:///system": new FakeHypervisor(), [OTHER]: new FakeHypervisor() };
  const before = new PluginInProcess(hosts);
  await before.configure({ uri: OTHER });
  const { inputs } = await before.check({}, program);
  const { id, properties } = await before.create(inputs);
  const start = async (environment = {}, config = {}) => {
    const plugin = new PluginInProcess(hosts, environment);
    await plugin.configure(config);
    return plugin;
  };
  const same = async (plugin: PluginInProcess) => {
    const checked = await plugin.check(inputs, program);
    await plugin.diff(id, properties, checked.inputs, { oldInputs: inputs });
  };
  return { hosts, inputs, id, properties, start, same };
}

const WARNING = `no URI is set for this new domain, so it is created on qemu:///system, but domain web-1 of this stack is on ${OTHER}; this plugin can't read the stack's libvirt:uri, so set libvirt-hotplug:uri or the argument uri`;

describe("a new domain without any URI in a stack whose others have one", () => {
  it.each(["first", "last"])("is warned of, whichever comes %s", async (order) => {
    const { start, same } = await moved();
    const plugin = await start();
    if (order === "last") await same(plugin);
    await plugin.check({}, program, { urn: NEW });
    if (order === "first") await same(plugin);
    expect(plugin.messages).toEqual([{ urn: NEW, severity: "warning", text: WARNING }]);
  });

  it("isn't where the configuration, the environment or the program sets one", async () => {
    const { start, same } = await moved();
    for (const [environment, config, args] of [
      [{}, { uri: OTHER }, {}],
      [{ LIBVIRT_DEFAULT_URI: OTHER }, {}, {}],
      [{}, {}, { uri: "qemu:///system" }],
    ]) {
      const plugin = await start(environment, config);
      await same(plugin);
      await plugin.check({}, { ...program, ...args }, { urn: NEW });
      expect(plugin.messages).toEqual([]);
    }
  });
});

it("a domain that is replaced stays on its host", async () => {
  const { hosts, inputs, id, properties, start } = await moved();
  const plugin = await start();
  const other = { ...program, memory: "1025MiB" };
  const checked = await plugin.check(inputs, other);
  const { replaces } = await plugin.diff(id, properties, checked.inputs, { oldInputs: inputs });
  expect(replaces).toEqual(["memory"]);
  const again = await plugin.check({}, other);
  expect((await plugin.create(again.inputs, { preview: true })).properties.uri).toBe(OTHER);
  await plugin.delete(id, properties);
  expect((await plugin.create(again.inputs)).properties).toMatchObject({ uri: OTHER, liveMemory: "1025MiB" });
  expect(hosts["qemu:///system"]?.domains.size).toBe(0);
  expect(plugin.said.filter((text) => text.startsWith("no URI"))).toEqual([]);
});
