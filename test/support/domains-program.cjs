// The program of the tests' stacks: makes a Domain of each entry, and gives each one's memoryPlan as an output. It runs in
// Pulumi's own host, which loads CommonJS fastest, and in the tests' process.
"use strict";

module.exports = function makeDomains(pulumi, Domain, program) {
  const domains = {};
  const value = (given) => {
    if (given?.secret !== undefined) return pulumi.secret(given.secret);
    if (given?.output !== undefined) return domains[given.output[0]][given.output[1]];
    return given;
  };
  for (const [name, { options, ...args }] of Object.entries(program)) {
    const entries = Object.entries(args).map(([key, given]) => [key, value(given)]);
    domains[name] = new Domain(name, Object.fromEntries(entries), options);
  }
  return Object.fromEntries(Object.entries(domains).map(([name, domain]) => [name, domain.memoryPlan]));
};
