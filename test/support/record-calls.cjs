// Preloaded into Pulumi's hosts (NODE_OPTIONS): notes in CALLS_FILE each call that the engine makes of the provider.
"use strict";
const Module = require("node:module");
const recorded = require("./recorded-provider.cjs");

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  return request === "pulumi-libvirt-hotplug/provider"
    ? { provider: recorded(loaded.provider, process.env.CALLS_FILE) }
    : loaded;
};
