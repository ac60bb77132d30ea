#!/usr/bin/env node
import { hostClock } from "./deadline.ts";
import { run } from "./explain/command.ts";
import { connect } from "./libvirt/connect.ts";

/** What is drawn fits a page, and isn't drawn over the whole of a wide screen. */
const PAGE = 80;
const WIDEST = 100;
const NARROWEST = 60;

const { stdout, stderr, argv, env } = process;

// A reader that has seen enough, such as head, closes the pipe.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

run(argv.slice(2), {
  connect,
  out: (text) => stdout.write(text),
  error: (text) => stderr.write(text),
  paper: {
    columns: stdout.isTTY ? Math.min(WIDEST, Math.max(NARROWEST, stdout.columns || PAGE)) : PAGE,
    color: stdout.isTTY === true && !env.NO_COLOR,
  },
  clock: hostClock,
}).then((code) => {
  process.exitCode = code;
});
