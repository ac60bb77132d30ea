import { type handleUnaryCall, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { EngineService, type IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import {
  type IResourceMonitorServer,
  ResourceMonitorService,
} from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { goalOf, goalOfRead } from "./goal.ts";
import type { Diagnostic, Severity } from "./report.ts";
import type { Config } from "./stack/project.ts";
import type { Goal, Resource } from "./stack/resource.ts";
import { type Props, propsFromWire } from "./stack/values.ts";

export interface Deployed {
  project: string;
  stack: string;
  config: Config;
  preview: boolean;
  parallel: number;
}

/** What a program asks of the engine. */
export interface ProgramRequests {
  /** Answers when the resource's last step is done. */
  register(goal: Goal): Promise<{ resource: Resource; failed: boolean }>;
  /** Of a resource that the stack doesn't manage, by its id. */
  read(goal: Goal): Promise<Resource>;
  registerOutputs(urn: string, outputs: Props): Promise<void>;
  /** The program has registered all it has; answers when the engine has no more need of it. */
  programIsComplete(): Promise<void>;
  /** A resource that this operation has registered. */
  registered(urn: string): Resource | undefined;
}

const MAX_MESSAGE_BYTES = 400 << 20;

/** What the program may use; secrets would arrive in clear if they were not announced. */
const FEATURES = {
  secrets: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  resourceReferences: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  outputValues: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  aliasSpecs: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  deletedWith: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
};

const SEVERITIES: Severity[] = ["debug", "info", "warning", "error"];

/**
 * The ports of all engines of this process. gRPC keeps the connections that an in-process program has left, by address, for a
 * while: a program whose engine has the port of an earlier one would meet the failed connection to that one, and fail with
 * "14 UNAVAILABLE: No connection established. Last error: null".
 */
const usedPorts = new Set<number>();

/** The gRPC server of the resource monitor and of the engine service, on one port of the loopback interface. */
export class Monitor {
  address = "";
  /** Who answers the program; a refresh or a destroy runs none. */
  program: ProgramRequests | undefined;
  private readonly server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  private readonly pending = new Set<() => void>();
  private refusing = false;
  private rootUrn = "";

  constructor(deployed: Deployed, onLog: (diagnostic: Diagnostic) => void) {
    this.server.addService(ResourceMonitorService, this.monitorService(deployed));
    this.server.addService(EngineService, this.engineService(onLog));
  }

  async listen(): Promise<void> {
    let port: number;
    // A server can be bound to several ports: one that is refused here stays unused.
    do port = await this.bind();
    while (usedPorts.has(port));
    usedPorts.add(port);
    this.address = `127.0.0.1:${port}`;
  }

  private bind(): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound));
      this.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), done);
    });
  }

  /** Ends what the program waits for, and refuses what comes. Log messages are still taken. */
  refuseRequests(): void {
    this.refusing = true;
    for (const refuse of [...this.pending]) refuse();
  }

  close(): void {
    this.server.forceShutdown();
  }

  private get requests(): ProgramRequests {
    if (!this.program) throw new Error("no program runs in this operation");
    return this.program;
  }

  /** Answers UNAVAILABLE from {@link refuseRequests} on, pending requests included. */
  private refusable<Request, Response>(
    handle: (request: Request) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const refuse = () => {
        this.pending.delete(refuse);
        callback({ code: status.UNAVAILABLE, details: "the resource monitor has shut down" });
      };
      if (this.refusing) {
        refuse();
        return;
      }
      this.pending.add(refuse);
      const isAnswerable = () => this.pending.delete(refuse);
      handle(call.request).then(
        (response) => isAnswerable() && callback(null, response),
        (error: Error) => isAnswerable() && callback({ code: status.UNKNOWN, details: error.message }),
      );
    };
  }

  private monitorService(deployed: Deployed) {
    return {
      getDeploymentInfo: this.refusable(async () => deploymentInfo(deployed)),
      // For SDKs that know no GetDeploymentInfo.
      supportsFeature: this.refusable(async (request: messages.SupportsFeatureRequest) =>
        new messages.SupportsFeatureResponse().setHassupport(request.getId() in FEATURES),
      ),
      registerResource: this.refusable(async (request: messages.RegisterResourceRequest) => {
        const { resource, failed } = await this.requests.register(goalOf(request, deployed));
        const response = new messages.RegisterResourceResponse().setUrn(resource.urn).setId(resource.id);
        // A component's outputs are the program's own, and never come back to it.
        response.setObject(structs.Struct.fromJavaScript(resource.custom ? resource.outputs : {}));
        return response.setResult(failed ? messages.Result.FAIL : messages.Result.SUCCESS);
      }),
      readResource: this.refusable(async (request: messages.ReadResourceRequest) => {
        const resource = await this.requests.read(goalOfRead(request, deployed));
        const response = new messages.ReadResourceResponse().setUrn(resource.urn);
        return response.setProperties(structs.Struct.fromJavaScript(resource.outputs));
      }),
      registerResourceOutputs: this.refusable(async (request: messages.RegisterResourceOutputsRequest) => {
        const outputs = propsFromWire(request.getOutputs()?.toJavaScript());
        await this.requests.registerOutputs(request.getUrn(), outputs);
        return new empty.Empty();
      }),
      // Not among the pending ones: it is answered, not refused, when the operation ends.
      signalAndWaitForShutdown: (_call, callback) => {
        this.requests.programIsComplete().then(() => callback(null, new empty.Empty()));
      },
      invoke: this.refusable(async (request: messages.ResourceInvokeRequest) => this.invoke(request)),
    } satisfies Partial<IResourceMonitorServer>;
  }

  /** The SDK asks for the state of a resource when it meets a reference to it. */
  private invoke(request: messages.ResourceInvokeRequest) {
    const token = request.getTok();
    if (token !== "pulumi:pulumi:getResource") throw new Error(`this engine can't invoke ${token}`);
    const { urn } = propsFromWire(request.getArgs()?.toJavaScript());
    const resource = typeof urn === "string" ? this.requests.registered(urn) : undefined;
    if (!resource) throw new Error(`the program has registered no resource ${JSON.stringify(urn)}`);
    const found = { urn: resource.urn, id: resource.id, state: resource.outputs };
    return new messages.ResourceInvokeResponse().setReturn(structs.Struct.fromJavaScript(found));
  }

  private engineService(onLog: (diagnostic: Diagnostic) => void) {
    return {
      log: unary((request: engine.LogRequest) => {
        onLog({
          urn: request.getUrn(),
          severity: SEVERITIES[request.getSeverity()] ?? "info",
          message: request.getMessage(),
          ephemeral: request.getEphemeral(),
        });
        return new empty.Empty();
      }),
      getRootResource: unary(() => new engine.GetRootResourceResponse().setUrn(this.rootUrn)),
      setRootResource: unary((request: engine.SetRootResourceRequest) => {
        this.rootUrn = request.getUrn();
        return new engine.SetRootResourceResponse();
      }),
      requirePulumiVersion: unary(() => new engine.RequirePulumiVersionResponse()),
    } satisfies Partial<IEngineServer>;
  }
}

function unary<Request, Response>(
  handle: (request: Request) => Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => callback(null, handle(call.request));
}

function deploymentInfo({ project, stack, config, preview, parallel }: Deployed): messages.DeploymentInfo {
  const info = new messages.DeploymentInfo()
    .setOrganization("organization")
    .setProject(project)
    .setStack(stack);
  for (const [key, value] of Object.entries(config.values)) info.getConfigMap().set(key, value);
  info.setConfigsecretkeysList(config.secretKeys).setDryrun(preview).setParallel(parallel);
  return info.setSupportedfeaturesList(Object.values(FEATURES));
}
