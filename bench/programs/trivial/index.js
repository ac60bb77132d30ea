const { Config, CustomResource } = require("@pulumi/pulumi");

// What Pulumi would make of a provider's closures, written out: making it is not the engine's work.
const provider = `exports.handler = () => ({
  create: async (inputs) => ({ id: "trivial", outs: inputs }),
  update: async (id, olds, news) => ({ outs: news }),
})`;

const config = new Config();
for (let n = 1; n <= config.requireNumber("count"); n++) {
  new CustomResource("pulumi-nodejs:dynamic:Resource", `trivial-${n}`, {
    memory: config.require("memory"),
    __provider: provider,
  });
}
