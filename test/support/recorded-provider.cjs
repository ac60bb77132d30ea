// A provider that notes each call in a file, a line each, and changes nothing.
"use strict";
const { appendFileSync } = require("node:fs");

module.exports = function recorded(provider, file) {
  const wrapped = { configure: provider.configure };
  for (const method of ["check", "diff", "create", "read", "update", "delete"]) {
    wrapped[method] = (...args) => {
      const resource = args.at(-1).__urn.split("::").at(-1);
      appendFileSync(file, `${resource} ${method}\n`);
      return provider[method](...args);
    };
  }
  return wrapped;
};
