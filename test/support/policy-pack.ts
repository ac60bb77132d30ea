import type { Policies } from "@pulumi/policy";
import * as server from "@pulumi/policy/server.js";
import {
  AnalyzeRequest,
  type AnalyzeResponse,
  AnalyzerProviderResource,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
} from "@pulumi/pulumi/proto/analyzer_pb.js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** A resource as Pulumi's engine passes it to a policy pack, in its wire form. */
export interface WireResource {
  type: string;
  name: string;
  urn: string;
  properties: Record<string, unknown>;
  options?: { additionalSecretOutputs: string[] };
  provider?: { type: string; name: string; properties: Record<string, unknown> };
}

export interface Diagnostic {
  policy: string;
  urn: string;
  message: string;
}

/** The answers of @pulumi/policy's own server, which it gives to the engine over gRPC. It isn't in its types. */
type Handler = (
  call: { request: unknown },
  callback: (error: Error | null, response?: AnalyzeResponse) => void,
) => void;
type MakeHandler = (name: string, version: string, level: string, policies: Policies) => Handler;
const { makeAnalyzeRpcFun, makeAnalyzeStackRpcFun } = server as unknown as Record<
  "makeAnalyzeRpcFun" | "makeAnalyzeStackRpcFun",
  MakeHandler
>;

/** What a pack of these policies says of one resource, before Pulumi changes it. */
export function analyze(policies: Policies, resource: WireResource): Promise<Diagnostic[]> {
  return answer(makeAnalyzeRpcFun, policies, described(new AnalyzeRequest(), resource));
}

/** What it says of all resources at the end of a run. */
export function analyzeStack(policies: Policies, resources: readonly WireResource[]): Promise<Diagnostic[]> {
  const request = new AnalyzeStackRequest();
  request.setResourcesList(resources.map((resource) => described(new AnalyzerResource(), resource)));
  return answer(makeAnalyzeStackRpcFun, policies, request);
}

/** Runs a pack as in a preview or in an update: Pulumi tells it by its environment. */
export async function inRun<T>(isPreview: boolean, work: () => Promise<T>): Promise<T> {
  const before = process.env.PULUMI_NODEJS_DRY_RUN;
  process.env.PULUMI_NODEJS_DRY_RUN = String(isPreview);
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.PULUMI_NODEJS_DRY_RUN;
    else process.env.PULUMI_NODEJS_DRY_RUN = before;
  }
}

function described<T extends AnalyzeRequest | AnalyzerResource>(
  message: T,
  { type, name, urn, properties, options, provider }: WireResource,
): T {
  message.setType(type);
  message.setName(name);
  message.setUrn(urn);
  message.setProperties(Struct.fromJavaScript(properties as never));
  const wire = new AnalyzerResourceOptions();
  wire.setAdditionalsecretoutputsList(options?.additionalSecretOutputs ?? []);
  message.setOptions(wire);
  if (provider !== undefined) {
    const of = new AnalyzerProviderResource();
    of.setType(provider.type);
    of.setName(provider.name);
    of.setProperties(Struct.fromJavaScript(provider.properties as never));
    message.setProvider(of);
  }
  return message;
}

function answer(make: MakeHandler, policies: Policies, request: unknown): Promise<Diagnostic[]> {
  return new Promise((resolve, reject) => {
    make(
      "tests",
      "1.0.0",
      "mandatory",
      policies,
    )({ request }, (error, response) => {
      if (error !== null && error !== undefined) return reject(error);
      resolve(
        (response?.getDiagnosticsList() ?? []).map((found) => ({
          policy: found.getPolicyname(),
          urn: found.getUrn(),
          message: found.getMessage(),
        })),
      );
    });
  });
}
