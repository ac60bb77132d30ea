import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import type {
  CheckRequest,
  CheckResponse,
  ConfigureRequest,
  ConfigureResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  ProviderHandshakeRequest,
  ProviderHandshakeResponse,
  ReadRequest,
  ReadResponse,
  UpdateRequest,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import type { Session } from "../session.ts";
import type { Project } from "../stack/project.ts";
import type { Done } from "./answers.ts";

/** Where the program and the provider of an operation run: in processes of @pulumi/pulumi's, or in this process. */
export interface Hosts {
  /** Shown with the engine's name; empty for Pulumi's own hosts. */
  readonly note: string;
  startProgram(session: Session): ProgramRun;
  startProvider(run: ProviderRun): ProviderServer;
}

/** Exit code of a program that has logged its own error. */
export const PROGRAM_FAILED_AND_SAID_SO = 32;

export interface ProgramRun {
  /** The exit code. */
  readonly exited: Promise<number>;
  exitedOrKilled(): Promise<void>;
  kill(): void;
}

export interface ProviderRun {
  /** Of dynamic resources, or of a resource plugin. */
  package: string;
  /** The package's part of the stack's configuration, secrets in clear. */
  config: Record<string, string>;
  project: Project;
  env: Record<string, string | undefined>;
  engineAddress: string;
  onOutput: (text: string) => void;
}

/** A host of dynamic providers knows nothing of handshakes and previews; a resource plugin does. */
export type ProviderServer = { stop(): Promise<void> } & (
  | { readonly kind: "dynamic"; readonly client: Promise<ProviderClient> }
  | { readonly kind: "plugin"; readonly client: Promise<PluginClient> }
);

/** The calls of Pulumi's provider protocol that an engine makes of a dynamic provider. */
export interface ProviderClient {
  configure(request: ConfigureRequest, done: Done<ConfigureResponse>): unknown;
  check(request: CheckRequest, done: Done<CheckResponse>): unknown;
  diff(request: DiffRequest, done: Done<DiffResponse>): unknown;
  create(request: CreateRequest, done: Done<CreateResponse>): unknown;
  update(request: UpdateRequest, done: Done<UpdateResponse>): unknown;
  read(request: ReadRequest, done: Done<ReadResponse>): unknown;
  delete(request: DeleteRequest, done: Done<Empty>): unknown;
  cancel(request: Empty, done: Done<Empty>): unknown;
}

/** Those of a resource plugin. */
export interface PluginClient extends ProviderClient {
  handshake(request: ProviderHandshakeRequest, done: Done<ProviderHandshakeResponse>): unknown;
  getPluginInfo(request: Empty, done: Done<PluginInfo>): unknown;
  checkConfig(request: CheckRequest, done: Done<CheckResponse>): unknown;
  diffConfig(request: DiffRequest, done: Done<DiffResponse>): unknown;
}
