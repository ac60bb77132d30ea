#!/usr/bin/env node
import { run } from "./commands.ts";
import { hostClock } from "./deadline.ts";
import { connect } from "./libvirt/connect.ts";

/** Columns where the output isn't a terminal, and the limits where it is: long lines are hard to read. */
const PAGE = 80;
const WIDEST = 100;
const NARROWEST = 60;

const { stdin, stdout, stderr, argv } = process;

// A reader such as `head` closes the pipe before the end.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

run(argv.slice(2), {
  connect,
  input: stdin,
  out: (text) => stdout.write(text),
  error: (text) => stderr.write(text),
  terminal: {
    columns: stdout.isTTY ? Math.min(WIDEST, Math.max(NARROWEST, stdout.columns || PAGE)) : PAGE,
    // Respects NO_COLOR.
    color: stdout.isTTY === true && stdout.hasColors(),
  },
  clock: hostClock,
}).then((code) => {
  process.exitCode = code;
});
