import type { ServiceError } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PluginInProcess } from "../support/plugin-in-process.ts";

const args = { memory: "1GiB", maxMemory: "8GiB", hotplug: { allowUnplug: true } };
const grown = { ...args, memory: "1280MiB" };

/** A run of an engine that attaches to the process. */
async function begin(plugin: PluginInProcess): Promise<void> {
  await plugin.call("handshake", new pb.ProviderHandshakeRequest());
  await plugin.configure();
}

/** The plugin of a domain that was grown by a DIMM, which its guest doesn't release. */
async function grownDomain() {
  const host = new FakeHypervisor();
  const plugin = new PluginInProcess(host);
  await begin(plugin);
  const made = await plugin.check({}, args);
  const { id, properties } = await plugin.create(made.inputs);
  await begin(plugin);
  const next = await plugin.check(made.inputs, grown);
  await plugin.diff(id, properties, next.inputs);
  const state = await plugin.update(id, properties, next.inputs);
  await begin(plugin);
  const news = await plugin.check(next.inputs, args);
  await plugin.diff(id, state, news.inputs);
  return { host, plugin, id, state, news: news.inputs };
}

/** What the engine records of an update that failed in part. */
function initFailed({ metadata }: ServiceError) {
  const [details] = metadata.get("grpc-status-details-bin");
  const [detail] = statuses.Status.deserializeBinary(details as Buffer).getDetailsList();
  const failed = pb.ErrorResourceInitFailed.deserializeBinary(detail?.getValue_asU8() ?? new Uint8Array());
  return {
    id: failed.getId(),
    reasons: failed.getReasonsList(),
    properties: failed.getProperties()?.toJavaScript(),
  };
}

describe("Cancel", () => {
  test("ends an update that waits for the guest, which the engine records", async () => {
    const { host, plugin, id, state, news } = await grownDomain();
    const detachDevice = host.detachDevice.bind(host);
    host.detachDevice = async (...call) => {
      await detachDevice(...call);
      await plugin.call("cancel", new empty.Empty());
    };
    const error = await plugin.update(id, state, news).then(
      () => undefined,
      (failure: ServiceError) => failure,
    );
    const reason =
      "Domain web-1: cancelled while trying to remove the 256 MiB DIMM from slot 0, node 0; the next update continues";
    expect(error?.details).toBe(reason);
    expect(error && initFailed(error)).toMatchObject({
      id,
      reasons: [reason],
      properties: { liveMemory: "1280MiB" },
    });

    // A process that the engine attaches to serves the next run.
    await begin(plugin);
    expect((await plugin.check(news, args)).failures).toEqual([]);
  });

  test("ends what begins after it, too", async () => {
    const { host, plugin, id, state, news } = await grownDomain();
    await plugin.call("cancel", new empty.Empty());
    host.calls.length = 0;
    await expect(plugin.update(id, state, news)).rejects.toThrow("cancelled before anything was changed");
    await expect(plugin.delete(id, state)).rejects.toThrow("cancelled before anything was changed");
    expect(host.calls.filter((name) => name === "detachDevice" || name === "shutdown")).toEqual([]);
  });
});

test("customTimeouts bound the waits of an update", async () => {
  const { plugin, id, state, news } = await grownDomain();
  await expect(plugin.update(id, state, news, { timeout: 7 })).rejects.toThrow(
    "no answer from the guest within 7 s (customTimeouts)",
  );
});

test("a previewed create foresees the domain as its host would make it", async () => {
  const plugin = new PluginInProcess(new FakeHypervisor());
  await plugin.configure();
  const { inputs } = await plugin.check({}, args);
  const { id, properties } = await plugin.create(inputs, { preview: true });
  expect(id).toBe("");
  expect(properties).toMatchObject({
    ...{ state: "running", liveMemory: "1024MiB", nextBootMemory: "1024MiB", memoryDevices: [] },
    reachable: [{ from: "1280MiB", to: "8192MiB", step: "256MiB" }],
  });
});
