import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor, type MockResourceArgs } from "@pulumi/pulumi/runtime/mocks.js";
import { afterEach, beforeEach, vi } from "vitest";
import { Domain, type DomainArgs } from "../../sdk/index.ts";

export interface Sent {
  type: string;
  /** As they go over the wire, secrets in their wrapping. */
  inputs: Record<string, unknown>;
  secretOutputs: string[];
  /** The other names and types that it may have in the state. */
  aliases: string[];
}

/** What was registered, by name. */
export const registered = new Map<string, Sent>();

/** For the tests of the calling file: an engine that only notes what is registered. */
export function mockEngine(): void {
  beforeEach(async () => {
    registered.clear();
    await mocked({ preview: false });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
}

export async function mocked({ preview }: { preview: boolean }): Promise<void> {
  const mocks = {
    newResource: ({ inputs }: MockResourceArgs) => ({ id: "id", state: inputs }),
    call: () => ({}),
  };
  await pulumi.runtime.setMocks(mocks, "shop", "dev", preview);
  vi.restoreAllMocks();
  // The mocks only get the inputs, not which outputs are to be secret.
  const register = MockMonitor.prototype.registerResource;
  vi.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
    this: MockMonitor,
    request: RegisterResourceRequest,
    callback,
  ) {
    registered.set(request.getName(), {
      type: request.getType(),
      inputs: request.getObject()?.toJavaScript() ?? {},
      secretOutputs: request.getAdditionalsecretoutputsList(),
      aliases: request
        .getAliasesList()
        .map((alias) => `${alias.getSpec()?.getType()}::${alias.getSpec()?.getName()}`),
    });
    return register.call(this, request, callback);
  });
}

export function urnOf(resource: pulumi.Resource): Promise<string> {
  return new Promise((resolve) => resource.urn.apply(resolve));
}

/** What the engine gets of a Domain with these arguments. */
export async function sent(args: DomainArgs, opts?: pulumi.CustomResourceOptions): Promise<Sent> {
  await urnOf(new Domain("web-1", args, opts));
  const found = registered.get("web-1");
  if (found === undefined) throw new Error("nothing was registered");
  return found;
}

/** Pulumi's wrapping of a secret (sdk/nodejs/runtime/rpc.ts). */
export const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});
