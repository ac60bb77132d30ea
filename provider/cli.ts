#!/usr/bin/env node
import { OutputError, systemErrorText } from "./command/command.ts";
import { run } from "./commands.ts";
import { hostClock } from "./deadline.ts";
import { connect } from "./libvirt/connect.ts";

/** Columns where the output isn't a terminal, and the limits where it is: long lines are hard to read. */
const PAGE = 80;
const WIDEST = 100;
const NARROWEST = 60;

const { stdin, stdout, stderr, argv } = process;

// Each write reports its own error.
stdout.on("error", () => {});

function out(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      // A reader such as `head` closes the pipe before the end.
      if (!error || error.code === "EPIPE") resolve();
      else reject(new OutputError(`standard output can't be written: ${systemErrorText(error)}`));
    });
  });
}

run(argv.slice(2), {
  connect,
  input: stdin,
  out,
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
