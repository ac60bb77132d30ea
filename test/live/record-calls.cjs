// Preloaded into Pulumi's hosts (NODE_OPTIONS): notes in CALLS_FILE each call that the engine makes of the provider,
// a line each, and changes nothing.
"use strict";
const { appendFileSync } = require("node:fs");
const Module = require("node:module");

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  return request === "pulumi-libvirt-hotplug/provider" ? { provider: recorded(loaded.provider) } : loaded;
};

function recorded(provider) {
  const wrapped = { configure: provider.configure };
  for (const method of ["check", "diff", "create", "read", "update", "delete"]) {
    wrapped[method] = (...args) => {
      const resource = args.at(-1).__urn.split("::").at(-1);
      appendFileSync(process.env.CALLS_FILE, `${resource} ${method}\n`);
      return provider[method](...args);
    };
  }
  return wrapped;
}
