// The least that a resource plugin in Node does: it keeps a resource's inputs as outputs. bench/yaml-stack.ts bundles it.
// TRIVIAL_INPUTS and TRIVIAL_OUTPUTS: JSON of properties that it adds, so that a resource is as large as another plugin's.
import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";

const added = {
  inputs: JSON.parse(process.env.TRIVIAL_INPUTS ?? "{}"),
  outputs: JSON.parse(process.env.TRIVIAL_OUTPUTS ?? "{}"),
};

const schema = {
  name: "trivial",
  version: "0.1.0",
  resources: {
    "trivial:index:Resource": {
      properties: { memory: { type: "string" } },
      inputProperties: { memory: { type: "string" } },
      requiredInputs: ["memory"],
      required: ["memory"],
    },
  },
};

const answer =
  <Request, Response>(handler: (request: Request) => Response) =>
  ({ request }: { request: Request }, callback: sendUnaryData<Response>) =>
    callback(null, handler(request));

const server = new Server();
server.addService(services.ResourceProviderService, {
  handshake: answer(() => {
    const response = new pb.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    return response;
  }),
  getPluginInfo: answer(() => {
    const info = new plugin.PluginInfo();
    info.setVersion(schema.version);
    return info;
  }),
  getSchema: answer(() => {
    const response = new pb.GetSchemaResponse();
    response.setSchema(JSON.stringify(schema));
    return response;
  }),
  checkConfig: answer((request: pb.CheckRequest) => {
    const response = new pb.CheckResponse();
    response.setInputs(request.getNews());
    return response;
  }),
  diffConfig: answer(() => new pb.DiffResponse()),
  configure: answer(() => {
    const response = new pb.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    return response;
  }),
  check: answer((request: pb.CheckRequest) => {
    const response = new pb.CheckResponse();
    response.setInputs(withAdded(request.getNews(), added.inputs));
    return response;
  }),
  diff: answer((request: pb.DiffRequest) => {
    const response = new pb.DiffResponse();
    const memory = (of: structs.Struct | undefined) => of?.toJavaScript().memory;
    const isSame = memory(request.getOlds()) === memory(request.getNews());
    const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
    response.setChanges(isSame ? DIFF_NONE : DIFF_SOME);
    return response;
  }),
  create: answer((request: pb.CreateRequest) => {
    const response = new pb.CreateResponse();
    response.setId("trivial");
    response.setProperties(withAdded(request.getProperties(), added.outputs));
    return response;
  }),
  update: answer((request: pb.UpdateRequest) => {
    const response = new pb.UpdateResponse();
    response.setProperties(withAdded(request.getNews(), added.outputs));
    return response;
  }),
  delete: answer(() => new empty.Empty()),
  cancel: answer(() => new empty.Empty()),
});
process.on("SIGINT", () => process.exit(0));
process.stdin.on("end", () => process.exit(0)).resume();
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});

function withAdded(
  struct: structs.Struct | undefined,
  added: Record<string, structs.JavaScriptValue>,
): structs.Struct {
  return structs.Struct.fromJavaScript({ ...added, ...struct?.toJavaScript() });
}
