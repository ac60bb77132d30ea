import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { startNetwork } from "../lab/namespace-daemon.ts";
import { bootLinux } from "../support/linux-guest.ts";
import { BOOT } from "../support/live-lab.ts";
import { privilegedLabOfThisFile } from "../support/privileged-lab.ts";
import { type Args, said } from "../support/stack-on-lab.ts";

const OFFICE = { name: "office", bridge: "officebr0", subnet: "192.168.78" };
const lab = privilegedLabOfThisFile({
  prepare: async (started) => {
    await startNetwork(started, started.dir);
    await startNetwork(started, started.dir, OFFICE);
  },
});

/** Two guests boot, and one of them asks six times for an address. */
const TIMEOUT = 400_000;
const MAC = "52:54:00:12:34:56";

/** Where the card of the running domain is connected to, by virsh: "network lab", "bridge officebr0". */
async function connection(domain: string, ...options: string[]): Promise<string> {
  const table = await lab().virsh("domiflist", domain, ...options);
  const [, type, source] =
    table
      .split("\n")
      .find((line) => line.includes(MAC))
      ?.trim()
      .split(/\s+/) ?? [];
  return `${type} ${source}`;
}

/** The state of the link that virsh knows of. */
const link = async (domain: string, ...options: string[]) =>
  (await lab().virsh("domif-getlink", domain, MAC, ...options)).trim().split(/\s+/).at(-1);

test("a running guest's card moves between networks and bridges, and its link goes down and up", {
  timeout: TIMEOUT,
}, async () => {
  const card = (connected: object) => [{ name: "lan", mac: MAC, ...connected }] as Args["interfaces"];
  const { stack, console, pid } = await bootLinux(lab(), "web", "", {
    interfaces: card({ network: "lab" }),
    hotplug: { whenNotPossible: "error", awaitGuest: false },
  });
  await console.waitFor(/GUEST address eth0=192\.168\.77\.\d+/, BOOT);
  await agentAnswers(lab(), "web");
  const moves: [to: object, by: string][] = [
    [{ network: "office" }, "network office"],
    [{ bridge: "labbr0" }, "bridge labbr0"],
    [{ bridge: "officebr0" }, "bridge officebr0"],
    [{ network: "lab" }, "network lab"],
  ];
  for (const [to, by] of moves) {
    const after = console.text().length;
    stack.edit("web", { interfaces: card(to) });
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    expect(said(preview, "web")).toMatch(/^info: live: change interface "lan" /);
    await stack.apply();
    expect([await connection("web"), await connection("web", "--inactive")]).toEqual([by, by]);
    // What the guest gets by DHCP is the proof that its card is on the other bridge.
    await renewLease("web");
    const subnet = /office/.test(by) ? "192.168.78" : "192.168.77";
    await console.waitFor(new RegExp(`GUEST address eth0=${subnet.replaceAll(".", "\\.")}\\.\\d+`), {
      ...BOOT,
      after,
    });
    await stack.expectSettled();
    expect(lab().qemuPid("web")).toBe(pid);
  }

  for (const state of ["down", "up"]) {
    const after = console.text().length;
    stack.edit("web", { interfaces: card({ network: "lab", link: state }) });
    await stack.apply();
    await console.waitFor(new RegExp(`GUEST nics eth0=${MAC}/${state}`), { ...BOOT, after });
    expect([await link("web"), await link("web", "--config")]).toEqual([state, state]);
    await stack.expectSettled();
  }

  // A link that goes down with the move, and what the card doesn't have any more.
  const after = console.text().length;
  stack.edit("web", { interfaces: card({ bridge: "officebr0", link: "down" }) });
  await stack.apply();
  await console.waitFor(new RegExp(`GUEST nics eth0=${MAC}/down`), { ...BOOT, after });
  expect([await connection("web"), await link("web")]).toEqual(["bridge officebr0", "down"]);
  stack.edit("web", { interfaces: card({ bridge: "officebr0" }) });
  await stack.apply();
  expect([await connection("web"), await link("web")]).toEqual(["bridge officebr0", "up"]);
  await stack.expectSettled();
  expect(lab().qemuPid("web")).toBe(pid);
  expect(console.text().match(/GUEST booted/g)).toHaveLength(1);
});

/** The guest's DHCP client starts again, as it would when its lease is over. */
async function renewLease(domain: string): Promise<void> {
  const script =
    "kill $(cat /run/dhcp-eth0.pid); udhcpc -i eth0 -s /sbin/dhcp-lease -p /run/dhcp-eth0.pid -t 30 -T 1 -b";
  const args = { path: "/bin/busybox", arg: ["sh", "-c", script.replace("cat", "busybox cat")] };
  await lab().virsh("qemu-agent-command", domain, JSON.stringify({ execute: "guest-exec", arguments: args }));
}

test("a network that isn't there is refused before the card is touched", { timeout: TIMEOUT }, async () => {
  const { stack, pid } = await bootLinux(lab(), "shop", "", {
    interfaces: [{ name: "lan", mac: MAC, network: "lab" }],
    hotplug: { awaitGuest: false },
  });
  const before = await lab().virsh("domiflist", "shop");
  for (const to of [{ network: "nowhere" }, { bridge: "nowhere0" }]) {
    stack.edit("shop", { interfaces: [{ name: "lan", mac: MAC, ...to }] });
    const refused = await stack.up();
    expect(refused.ok).toBe(false);
    expect(refused.errors.join("\n")).toContain("nowhere");
    expect(await lab().virsh("domiflist", "shop")).toBe(before);
    expect(await connection("shop", "--inactive")).toBe("network lab");
  }
  stack.edit("shop", { interfaces: [{ name: "lan", mac: MAC, network: "lab" }] });
  await stack.apply();
  await stack.expectSettled();
  expect(lab().qemuPid("shop")).toBe(pid);
});
