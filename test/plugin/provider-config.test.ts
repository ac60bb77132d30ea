import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { describe, expect, it } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { CONFIGURATION_KEYS } from "../../provider/configuration.ts";
import { secret, sent } from "../../provider/plugin/values.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PluginInProcess } from "../support/plugin-in-process.ts";

describe("the provider's configuration", () => {
  it("is checked whole: every wrong value and unknown name at once", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    const { failures } = await plugin.checkConfig({
      version: "1.2.3",
      lookTimeout: 0,
      allowPlainTcp: "yes",
      domainTyp: "kvm",
      awaitGuest: secret(-1),
      alignment: "100MiB",
      uri: "qemu:///session",
    });
    expect(failures.map(({ reason }) => reason).toSorted()).toEqual([
      "alignment must be a power of two of at least 128 MiB",
      'allowPlainTcp must be "true" or "false"',
      "awaitGuest must be a whole number of seconds from 1 to 3600, or false",
      'domainTyp is not a setting of libvirt-hotplug; did you mean "domainType"?',
      "lookTimeout must be a whole number from 1 to 600 seconds",
    ]);
  });

  // CheckConfig's values come without their marks, and Pulumi prints the value of the property that a failure names.
  it.each([...CONFIGURATION_KEYS, "nonsense"])(
    "shows no value of a wrong %s, which may be secret",
    async (name) => {
      const plugin = new PluginInProcess(new FakeHypervisor());
      for (const value of ["hunter2://", { hunter2: 1 }, [["hunter2 -"]]]) {
        const { failures } = await plugin.checkConfig({ [name]: value });
        expect(failures).toEqual([{ property: "", reason: expect.stringMatching(new RegExp(`^${name} `)) }]);
        expect(failures[0]?.reason).not.toContain("hunter2");
      }
    },
  );

  it("is refused with a URI that can't be used, without its password", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    const { failures } = await plugin.checkConfig({ uri: "qemu+ssh://root:hunter2@host/system" });
    const reason =
      "uri is refused: the libvirt URI can't be used: a password in the URI is not supported; give ssh a key (option keyfile, or ssh's agent)";
    expect(failures).toEqual([{ property: "", reason }]);
  });

  it("shows no secret value where it is wrong nevertheless", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    const wrong = { awaitGuest: secret("hunter2"), hooksEnv: ["A", secret("hunter2 -")], lookTimeout: 0 };
    const error = await plugin.configure(wrong).catch(({ details }) => details);
    expect(error).toContain("libvirt-hotplug:awaitGuest: the secret value must be");
    expect(error).toContain('libvirt-hotplug:lookTimeout: "0" must be');
    expect(error).not.toContain("hunter2");
  });

  it("may come as what an SDK sends: JSON text, numbers, booleans, or a value that isn't known yet", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    const { failures } = await plugin.checkConfig({
      awaitGuest: "20",
      allowDowntime: "false",
      lookTimeout: 5,
      allowPlainTcp: true,
      hooksEnv: ["A", UNKNOWN],
      "hooks.env": ["B", "C"],
      uri: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    });
    expect(failures).toEqual([]);
  });

  it.each([
    ["1.2.3", undefined],
    ["v1.2.2", undefined],
    ["not a version", undefined],
    [
      "1.2.10",
      "may not know all arguments of the SDK; install the plugin of the SDK's version: pulumi plugin install resource libvirt-hotplug 1.2.10",
    ],
    ["2.0.0", "may not know all arguments of the SDK"],
    ["0.9.0", "whose arguments differ; upgrade the SDK to 1.2.3, or install"],
  ])("comes with a warning where the SDK's version doesn't fit: %s", async (version, warning) => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    expect((await plugin.checkConfig({ version })).failures).toEqual([]);
    if (warning === undefined) expect(plugin.said).toEqual([]);
    else expect(plugin.said).toEqual([expect.stringContaining(warning)]);
  });

  it("never replaces a resource, also where the provider is another one", async () => {
    const request = new pb.DiffRequest();
    request.setOlds(sent({ "libvirt:uri": "qemu:///session", domainType: "kvm" }));
    request.setNews(sent({ uri: "qemu+ssh://other/system" }));
    const plugin = new PluginInProcess(new FakeHypervisor());
    const answer = await plugin.call<pb.DiffResponse>("diffConfig", request);
    expect(answer.getReplacesList()).toEqual([]);
    expect(answer.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_SOME);
  });
});
