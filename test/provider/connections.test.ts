import { beforeEach, describe, expect, test } from "vitest";
import { Connections } from "../../provider/connections.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

/** How each host answers: after so many milliseconds, or never within the time limit. */
type Logins = Record<string, number | "silent" | "refused">;

let clock: FakeClock;
/** The attempts so far, with their time limit. */
let attempts: [uri: string, limitMs: number | undefined][];

beforeEach(() => {
  clock = new FakeClock();
  attempts = [];
});

function connections(logins: Logins): Connections {
  return new Connections(async (uri, options): Promise<Hypervisor> => {
    attempts.push([uri, options?.connectTimeoutMs]);
    const login = logins[uri];
    const limit = options?.connectTimeoutMs ?? 0;
    if (login === "refused") throw new ConnectionError(`nobody listens at ${uri}`);
    if (typeof login === "number" && login <= limit) await clock.sleep(login);
    else {
      await clock.sleep(limit);
      throw new ConnectionError(`no answer within ${limit} ms`);
    }
    return new FakeHypervisor();
  }, clock);
}

const unix = ["qemu:///system?socket=/a", "qemu:///system?socket=/b", "qemu:///system?socket=/c"];
const ssh = "qemu+ssh://me@host/system";
const [a = "", b = "", c = ""] = unix;

const reason = (work: Promise<unknown>) =>
  work.then(
    () => "connected",
    (error: Error) => error.message,
  );

describe("a look", () => {
  test.each([
    [a, "2 s", 2_000],
    [ssh, "10 s", 10_000],
  ])("at %s waits %s", async (uri, limit, ms) => {
    const open = connections({ [uri]: "silent" });
    expect(await reason(open.forLook(uri))).toBe(`no connection to ${uri}: no answer within ${limit}`);
    expect(clock.now()).toBe(ms);
  });

  test.each([a, ssh])("at %s waits as long as the stack's configuration sets", async (uri) => {
    const open = connections({ [uri]: 25_000 });
    open.lookTimeoutMs = 4_000;
    expect(await reason(open.forLook(uri))).toMatch(/within 4 s$/);
    expect(clock.now()).toBe(4_000);
  });

  test("at a host that is down is tried once, however many domains it has", async () => {
    const open = connections({ [a]: "refused" });
    const reasons = await Promise.all([1, 2, 3].map(() => reason(open.forLook(a))));
    reasons.push(await reason(open.forLook(a)));
    expect(new Set(reasons)).toEqual(new Set([`nobody listens at ${a}`]));
    expect(attempts.length).toBe(1);
  });

  test("at a host that is silent is tried once, and waited for once", async () => {
    const open = connections({ [a]: "silent" });
    for (let count = 0; count < 3; count++) await reason(open.forLook(a));
    expect([attempts.length, clock.now()]).toEqual([1, 2_000]);
  });
});

describe("work", () => {
  test("after a look that gave up waits for the same attempt, with its own patience", async () => {
    const open = connections({ [a]: 3_000 });
    expect(await reason(open.forLook(a))).toMatch(/within 2 s$/);
    expect(await reason(open.forWork(a))).toBe("connected");
    expect(attempts).toEqual([[a, 15_000]]);
    expect(clock.now()).toBe(3_000);
  });

  test("that starts during a look doesn't inherit its patience", async () => {
    const open = connections({ [a]: 3_000 });
    const both = [reason(open.forLook(a)), reason(open.forWork(a))];
    expect(await Promise.all(both)).toEqual([`no connection to ${a}: no answer within 2 s`, "connected"]);
  });

  test("connects again after a failure, also where a look failed", async () => {
    const open = connections({ [a]: "refused" });
    for (const connect of ["forLook", "forWork", "forWork", "forLook"] as const)
      await reason(open[connect](a));
    expect(attempts.length).toBe(3);
  });
});

describe("several hosts", () => {
  test.each([
    [
      "of looks at the same time",
      async (open: Connections) => void (await Promise.all(unix.map((uri) => reason(open.forLook(uri))))),
    ],
    [
      "of looks in turn, once the hosts are announced",
      async (open: Connections) => {
        open.announce(unix);
        for (const uri of unix) await reason(open.forLook(uri));
      },
    ],
  ])("that are down delay a preview by one time-out: %s", async (_, look) => {
    const open = connections({ [a]: "silent", [b]: "silent", [c]: "silent" });
    await look(open);
    expect(clock.now()).toBe(2_000);
    expect(attempts.map(([uri]) => uri).sort()).toEqual(unix);
  });

  test("are not connected to before the first look", async () => {
    const open = connections({ [a]: 0 });
    open.announce(unix);
    await open.forWork(a);
    expect(attempts.map(([uri]) => uri)).toEqual([a]);
  });

  test("that are announced again and again are tried once", async () => {
    const open = connections({ [a]: 0, [b]: "refused", [c]: "silent" });
    const said: string[] = [];
    for (const uri of [a, b, c, a, b, c]) {
      open.announce(unix);
      said.push(await reason(open.forLook(uri)));
    }
    expect(said.slice(3)).toEqual(said.slice(0, 3));
    expect(attempts.map(([uri]) => uri).sort()).toEqual(unix);
  });

  test("one that answers is used, whatever the others do", async () => {
    const open = connections({ [a]: "silent", [b]: 1_000, [c]: "refused" });
    open.announce(unix);
    const answers: string[] = [];
    for (const uri of unix) answers.push(await reason(open.forLook(uri)));
    expect(answers).toEqual([
      `no connection to ${a}: no answer within 2 s`,
      "connected",
      `nobody listens at ${c}`,
    ]);
  });
});

test("whether plain TCP is allowed is passed on", async () => {
  const allowed: unknown[] = [];
  const all = new Connections(async (_, options) => {
    allowed.push(options?.allowPlainTcp);
    return new FakeHypervisor();
  }, clock);
  await all.forWork("qemu+tcp://a/system");
  all.allowPlainTcp = true;
  await all.forWork("qemu+tcp://b/system");
  expect(allowed).toEqual([false, true]);
});
