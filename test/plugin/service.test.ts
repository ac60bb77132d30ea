import { status } from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, it } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { configured, PluginInProcess } from "../support/plugin-in-process.ts";

const METHODS = Object.keys(services.ResourceProviderService);
const SERVED = [
  ...["handshake", "attach", "getPluginInfo", "getSchema", "checkConfig", "diffConfig", "configure", "check"],
  ...["diff", "create", "read", "update", "delete", "cancel", "list"],
];

describe("the service", () => {
  it.each(METHODS.filter((method) => !SERVED.includes(method)))("refuses %s by its name", async (method) => {
    const name = `${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    await expect(new PluginInProcess(new FakeHypervisor()).call(method, {})).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      details: `libvirt-hotplug doesn't implement ${name}`,
    });
  });

  it("answers a handshake with what it accepts", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    const answer = await plugin.call<pb.ProviderHandshakeResponse>(
      "handshake",
      new pb.ProviderHandshakeRequest(),
    );
    expect(answer.toObject()).toMatchObject({
      acceptSecrets: true,
      acceptResources: false,
      acceptOutputs: false,
      supportsAutonamingConfiguration: true,
    });
  });

  it("refuses work on a resource before it is configured", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    const error = { code: status.FAILED_PRECONDITION, details: "the provider isn't configured yet" };
    await expect(plugin.check({}, {})).rejects.toMatchObject(error);
    await expect(plugin.diff("", {}, {})).rejects.toMatchObject(error);
    await expect(plugin.create({})).rejects.toMatchObject(error);
    await expect(plugin.update("", {}, {})).rejects.toMatchObject(error);
    await expect(plugin.read("")).rejects.toMatchObject(error);
    await expect(plugin.delete("", {})).rejects.toMatchObject(error);
  });

  it.each(METHODS.filter((method) => method !== "list"))(
    "answers %s of anything at all, and throws nothing past its answer",
    async (method) => {
      const plugin = await configured();
      for (const request of [undefined, null, {}, new empty.Empty(), 7])
        await Promise.resolve(plugin.call(method, request as never)).catch((error) => {
          expect(error).toMatchObject({ code: expect.any(Number), details: expect.any(String) });
        });
    },
  );
});
