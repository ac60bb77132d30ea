// Preloaded into the provider's host: Node keeps compiled code when a process exits, and this one ends by SIGINT.
"use strict";
process.once("SIGINT", () => {
  require("node:module").flushCompileCache();
  process.kill(process.pid, "SIGINT");
});
