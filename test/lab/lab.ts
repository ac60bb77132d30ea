import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile, link } from "node:fs/promises";
import { basename, join } from "node:path";
import { type GuestConsole, guestConsole } from "./console.ts";
import { type Daemon, privateDaemon } from "./daemon.ts";
import { claimFolder, daemonUser, keepFolder, removeLab, sweepLabs, type User } from "./folder.ts";
import { type GuestImage, guestImage } from "./guest-image.ts";
import { namespaceDaemon } from "./namespace-daemon.ts";
import { ensurePackages, type GuestArch } from "./packages.ts";
import { registerProcess } from "./processes.ts";
import { keepCapabilities, seedCapabilities } from "./qemu-capabilities.ts";

/** A libvirt of a test's own, unprivileged and in one folder, with a Linux guest to boot on it. */
export interface Lab {
  /** The lab's folder, `/tmp/lv-<pid>-<n>`: short, since unix sockets lie in it. */
  readonly dir: string;
  /** `qemu:///session?socket=…`, for libvirt's clients. */
  readonly uri: string;
  /** Kernel and initramfs of the guest, readable by QEMU. What the guest says: see guest-init.sh. */
  readonly guest: GuestImage;
  /** A path in the lab's folder where QEMU can make files: consoles, disks. */
  file(name: string): string;
  /** Who QEMU runs as. What a test puts into the lab's folder for QEMU to write has to belong to this user. */
  readonly user: User;
  /** Runs virsh against the lab's daemon; rejects with its words on failure. */
  virsh(...args: string[]): Promise<string>;
  /** libvirtd.conf, which the daemon reads when it starts. */
  readonly settings: string;
  /** The process of a domain's QEMU; undefined when the domain doesn't run. */
  qemuPid(domain: string): number | undefined;
  /** Follows a guest's console, given the path of the file that QEMU writes. */
  console(path: string): GuestConsole;
  /** Starts libvirtd on the same socket as before, and waits until it has found its running domains again. */
  startDaemon(): Promise<void>;
  /** Ends libvirtd. Domains run on. */
  stopDaemon(): Promise<void>;
  restartDaemon(): Promise<void>;
  /** Makes a process end with the lab, kill -9 of the test included: a provider's host, say. */
  register(pid: number): void;
  /**
   * Lets the lab live on when this process ends. Gives the process that ends the lab when it gets a SIGTERM
   * (`kill <pid>`); until this process ends, `stop()` still does.
   */
  keep(): Promise<number>;
  /** Ends everything that belongs to the lab and removes its folder. */
  stop(): Promise<void>;
}

const ROOT: User = { uid: 0, gid: 0 };

interface LabOptions {
  /** Whether the daemon may listen on the network; see network.ts. Default false. */
  network?: boolean;
  /**
   * Whether the daemon is root's, with networks and bridges in namespaces of its own; where the machine doesn't allow that, a
   * LabUnavailable. Default false.
   */
  privileged?: boolean;
  /** Whether a privileged daemon has swtpm, which is downloaded once. Default false. */
  tpm?: boolean;
  /** The architecture of the lab's guest. Default x86_64; another one needs more packages. */
  arch?: GuestArch;
}

/**
 * Starts a lab: installs packages where it may, builds the guest where the cache has none, sweeps up after
 * labs whose owner is gone. The lab ends with `stop()`, or with this process, however that ends.
 */
export async function startLab({
  arch = "x86_64",
  network = false,
  privileged = false,
  tpm = false,
}: LabOptions = {}): Promise<Lab> {
  await ensurePackages(arch);
  await sweepLabs();
  const user = privileged ? ROOT : daemonUser();
  const dir = claimFolder(user);
  const watchdog = startWatchdog(dir);
  let daemon: Daemon | undefined;
  const stop = async () => {
    if (daemon !== undefined) keepCapabilities(daemon.capabilities);
    await watchdog.release();
    // Nothing is left to do, unless something ended the watchdog before.
    await removeLab(dir);
  };
  try {
    const started = privileged
      ? await namespaceDaemon(dir, { tpm })
      : privateDaemon(dir, user, network ? ["--listen"] : []);
    daemon = started;
    // By default libvirtd listens for TLS, which needs certificates.
    if (network) writeFileSync(started.settings, "listen_tls = 0\n");
    const files = join(dir, "f");
    mkdirSync(files);
    chownSync(files, user.uid, user.gid);
    if (!privileged) seedCapabilities(started.capabilities, user);
    const [guest] = await Promise.all([provideGuest(dir, arch), started.start()]);
    return {
      dir,
      guest,
      user,
      uri: started.uri,
      file: (name) => join(files, name),
      virsh: started.virsh,
      settings: started.settings,
      qemuPid: (domain) => runningPid(started, domain),
      console: guestConsole,
      startDaemon: () => startAgain(started),
      stopDaemon: started.stop,
      restartDaemon: async () => {
        await started.stop();
        await startAgain(started);
      },
      register: (pid) => registerProcess(dir, pid),
      keep: watchdog.keep,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * A daemon that was restarted connects to its domains again after it listens already, and a domain that is destroyed
 * meanwhile is "not found". A question to QEMU's monitor is answered after that.
 */
async function startAgain({ start, virsh }: Daemon): Promise<void> {
  await start();
  const running = (await virsh("list", "--name")).split("\n").filter(Boolean);
  for (const name of running)
    await virsh("domblkerror", name).catch((error: unknown) => {
      // A domain that has ended meanwhile, or whose QEMU ended before the restart, is connected to no more.
      if (!/domain is not running|failed to get domain/.test(String(error))) throw error;
    });
}

interface Watchdog {
  /** Lets it clear up now. */
  release(): Promise<void>;
  /** Tells it to clear up when it gets a SIGTERM, and not when this process is gone. Gives its pid. */
  keep(): Promise<number>;
}

/** Starts the process that clears up when this one is gone. */
function startWatchdog(dir: string): Watchdog {
  const script = join(import.meta.dirname, "watchdog.ts");
  const watchdog = spawn(process.execPath, [script, dir], {
    cwd: "/",
    // A test runner's NODE_OPTIONS are none of its business.
    env: {},
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  const ended = once(watchdog, "exit");
  // Where the watchdog was ended by force, the pipe is broken.
  watchdog.stdin.on("error", () => {});
  let kept = false;
  return {
    release: async () => {
      watchdog.ref();
      watchdog.stdin.end();
      if (kept) watchdog.kill("SIGTERM");
      await ended;
    },
    keep: async () => {
      const { pid } = watchdog;
      if (pid === undefined) throw new Error(`Unable to keep the lab ${dir}: its watchdog doesn't run`);
      keepFolder(dir, pid);
      // Once it is in the pipe, it is there for the watchdog, whatever becomes of this process.
      await new Promise((resolve) => watchdog.stdin.write("keep\n", resolve));
      kept = true;
      return pid;
    },
  };
}

/** The image, in the lab's folder: the cache may lie in a home that the daemon's user can't enter. */
async function provideGuest(dir: string, arch: GuestArch): Promise<GuestImage> {
  const image = await guestImage(arch);
  const provide = async (source: string) => {
    const target = join(dir, basename(source));
    // A hard link costs nothing, but doesn't reach across file systems.
    await link(source, target).catch(() => copyFile(source, target));
    return target;
  };
  const [kernel, initrd] = await Promise.all([provide(image.kernel), provide(image.initrd)]);
  return { kernel, initrd };
}

function runningPid({ pidFiles, processOf }: Daemon, domain: string): number | undefined {
  try {
    return processOf(Number(readFileSync(join(pidFiles, `${domain}.pid`), "utf8")));
  } catch {
    return undefined;
  }
}
