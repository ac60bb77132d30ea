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
  project: Project;
  env: Record<string, string | undefined>;
  engineAddress: string;
  onOutput: (text: string) => void;
}

export interface ProviderServer {
  readonly client: Promise<ProviderClient>;
  stop(): Promise<void>;
}

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
