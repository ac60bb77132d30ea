// The class of the plugin's resource, as an SDK that is generated from the schema has it.
"use strict";
const { resources } = require("../../provider/plugin/schema.json");

const TYPE = "libvirt-hotplug:index:Domain";

module.exports = function pluginDomain(pulumi) {
  const { properties, aliases } = resources[TYPE];
  const outputs = Object.fromEntries(Object.keys(properties).map((name) => [name, undefined]));
  return class Domain extends pulumi.CustomResource {
    constructor(name, args, options) {
      super(TYPE, name, { ...outputs, ...args }, pulumi.mergeOptions(options, { aliases }));
    }
  };
};
