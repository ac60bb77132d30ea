import { expect, test } from "vitest";
import { shutDown } from "./shut-down.ts";

const EOF = new Error("error: internal error: End of file from agent socket");

/** A lab whose domain is seen running so often after the request, which fails with `failure`. */
function labWhere({ failure, seenRunning }: { failure?: Error; seenRunning: number }) {
  let looks = 0;
  const asked: string[][] = [];
  const virsh = async (...args: string[]) => {
    asked.push(args);
    if (args[0] === "list") return looks++ < seenRunning ? "another\nweb\n" : "another\nweb-2\n";
    if (failure) throw failure;
    return "";
  };
  return { lab: { virsh }, asked };
}

test("a guest that is off before its agent has answered was shut down", async () => {
  const { lab, asked } = labWhere({ failure: EOF, seenRunning: 2 });
  await shutDown(lab, "web", { mode: "agent" });
  expect(asked).toEqual([["shutdown", "web", "--mode", "agent"], ...Array(3).fill(["list", "--name"])]);
});

test("a guest that was asked is waited for", async () => {
  const { lab, asked } = labWhere({ seenRunning: 1 });
  await shutDown(lab, "web");
  expect(asked).toEqual([["shutdown", "web"], ...Array(2).fill(["list", "--name"])]);
});

test("a guest that couldn't be asked and stays is an error with virsh's own", async () => {
  const { lab } = labWhere({ failure: EOF, seenRunning: Number.POSITIVE_INFINITY });
  await expect(shutDown(lab, "web", { timeoutMs: 300 })).rejects.toThrow(/web to be off.*End of file/s);
});
