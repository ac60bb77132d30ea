import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command.ts";
import { type Daemon, listening, PATH } from "./daemon.ts";
import { daemonProgram } from "./daemon-program.ts";
import { LabUnavailable } from "./packages.ts";
import { processInNamespace } from "./processes.ts";
import { unpackedPrograms } from "./unpacked-programs.ts";
import { waitUntil } from "./wait-until.ts";

/** Network, mounts and processes of its own. Without the first process of a process namespace, the kernel ends all others. */
const UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/**
 * A file that can't be written, even by root, in the place of /dev/kvm: libvirt probes QEMU again before each define where it
 * may write to /dev/kvm, but QEMU had no KVM.
 */
const NO_KVM = "no-kvm";

/**
 * Runs in the namespaces, with the lab's folder as its first argument, and becomes the other arguments. libvirt's folders are
 * empty ones; its sockets are in the lab's folder, where the tests reach them.
 */
const SETUP = `
set -e
mount --make-rprivate /
for folder in /run /var/lib /var/cache /var/log /etc/libvirt; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/libvirt /var/lib/misc
mount --bind "$1/run" /run/libvirt
mkdir /run/hugepages
mount -t hugetlbfs hugetlbfs /run/hugepages || rmdir /run/hugepages
cp "$1/qemu.conf" "$1/libvirtd.conf" /etc/libvirt
for file in passwd group; do mount --bind "$1/$file" /etc/$file; done
if [ -e /dev/kvm ]; then
  mount --bind "$1/${NO_KVM}" /dev/kvm
  mount -o remount,bind,ro /dev/kvm
fi
ip link set lo up
shift
exec "$@"
`;

/** QEMU runs as root, since the namespaces end with the lab, and its console is a file of QEMU's own. */
const QEMU_SETTINGS = `user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
security_driver = "none"
stdio_handler = "file"
remember_owner = 0
cgroup_controllers = []
namespaces = []
`;

/** Debian's libvirt and dnsmasq look these users up, which their packages would make. */
const USERS = ["libvirt-qemu", "libvirt-dnsmasq", "dnsmasq"];
const GROUPS = [...USERS, "libvirt", "kvm"];
const FIRST_ID = 64_055;

/**
 * A libvirtd of root's with networks and bridges, in namespaces of its own: nothing of the machine's network is touched, and
 * everything ends with the first process. An unprivileged daemon may make no bridge.
 *
 * @param options `tpm`: whether it has swtpm, which emulates TPMs
 * @throws LabUnavailable where this machine doesn't allow it
 */
export async function namespaceDaemon(folder: string, { tpm = false } = {}): Promise<Daemon> {
  await requireNamespaces();
  const programs = await unpackedPrograms(["dnsmasq-base"]);
  const file: WriteFile = (name, content, mode = 0o644) =>
    writeFileSync(join(folder, name), content, { mode });
  const ids = (names: string[], rest: (id: number) => string) =>
    names.map((name, index) => `${name}:x:${FIRST_ID + index}:${rest(FIRST_ID + index)}\n`).join("");
  for (const name of ["run", "home", "bin"]) mkdirSync(join(folder, name), { mode: 0o755 });
  file("qemu.conf", QEMU_SETTINGS);
  file(NO_KVM, "");
  file("libvirtd.conf", 'auth_unix_rw = "none"\n');
  file("passwd", readFileSync("/etc/passwd", "utf8") + ids(USERS, (id) => `${id}::/:/usr/sbin/nologin`));
  file("group", readFileSync("/etc/group", "utf8") + ids(GROUPS, () => ""));
  program(file, programs, "usr/sbin/dnsmasq");
  if (tpm) await provideSwtpm(folder, file);

  const log = join(folder, "libvirtd.log");
  const socket = join(folder, "run", "libvirt-sock");
  const uri = `qemu:///system?socket=${socket}`;
  const env = { PATH: `${join(folder, "bin")}:${PATH}`, LC_ALL: "C.UTF-8", HOME: join(folder, "home") };
  const within = [...UNSHARE, "sh", "-c", SETUP, "setup", folder];
  const daemon = daemonProgram({ within, user: { uid: 0, gid: 0 }, env, log });
  return {
    uri,
    pidFiles: join(folder, "run", "qemu"),
    processOf: (pid) => (daemon.pid === undefined ? undefined : processInNamespace(daemon.pid, pid)),
    capabilities: join(folder, "capabilities"),
    settings: join(folder, "libvirtd.conf"),
    start: () => {
      daemon.start();
      return listening(socket, log, daemon);
    },
    stop: daemon.stop,
    virsh: (...args) => run("virsh", ["--quiet", "--connect", uri, ...args], { env }),
  };
}

type WriteFile = (name: string, content: string, mode?: number) => void;

/** Puts an unpacked program on the daemon's PATH: libvirt starts it with an environment of its own. */
function program(file: WriteFile, root: string, path: string, ...args: string[]): void {
  const libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/swtpm"]
    .map((folder) => join(root, folder))
    .join(":");
  const command = [join(root, path), ...args].join(" ");
  file(`bin/${basename(path)}`, `#!/bin/sh\nLD_LIBRARY_PATH=${libraries} exec ${command} "$@"\n`, 0o755);
}

/** Certificates of the emulated TPMs would need GnuTLS's certtool, and a CA of the machine's. */
const WITHOUT_CERTIFICATES = `for argument do
  shift
  case "$argument" in --create-ek-cert | --create-platform-cert) ;; *) set -- "$@" "$argument" ;; esac
done
`;

async function provideSwtpm(folder: string, file: WriteFile): Promise<void> {
  const root = await unpackedPrograms(["swtpm", "swtpm-libs", "swtpm-tools"]);
  // libvirt has no emulated TPMs unless it finds all three.
  program(file, root, "usr/bin/swtpm");
  program(file, root, "usr/bin/swtpm_ioctl");
  program(file, root, "usr/bin/swtpm_setup", "--config", join(folder, "swtpm_setup.conf"));
  const setup = join(folder, "bin", "swtpm_setup");
  const script = readFileSync(setup, "utf8");
  writeFileSync(setup, script.replace("\n", `\n${WITHOUT_CERTIFICATES}`));
  file("swtpm_setup.conf", "active_pcr_banks = sha256\n");
}

async function requireNamespaces(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new LabUnavailable("Networks are only tested as root, who may make namespaces with a bridge");
  if (!existsSync("/dev/net/tun"))
    throw new LabUnavailable("Networks can't be tested here: there is no /dev/net/tun");
  const attempt = "mount -t tmpfs tmpfs /run && ip link add lab type bridge && : <>/dev/net/tun";
  const [program = "", ...args] = [...UNSHARE, "sh", "-c", attempt];
  await run(program, args).catch((error: unknown) => {
    throw new LabUnavailable(`Networks can't be tested here, without namespaces of the test's own: ${error}`);
  });
}

/** A libvirt network: its addresses are `<subnet>.1`, of the host, and `<subnet>.10` to `<subnet>.50`, of guests. */
interface LabNetwork {
  name: string;
  bridge: string;
  subnet: string;
}

const LAB_NETWORK: LabNetwork = { name: "lab", bridge: "labbr0", subnet: "192.168.77" };

/** Defines and starts a network with a DHCP server, for which no firewall rules are made. */
export async function startNetwork(
  daemon: Pick<Daemon, "virsh">,
  folder: string,
  { name, bridge, subnet }: LabNetwork = LAB_NETWORK,
): Promise<void> {
  const xml = `<network><name>${name}</name><forward mode='open'/><bridge name='${bridge}' stp='off' delay='0'/>
  <ip address='${subnet}.1' netmask='255.255.255.0'>
    <dhcp><range start='${subnet}.10' end='${subnet}.50'/></dhcp>
  </ip></network>`;
  const file = join(folder, `network-${name}.xml`);
  writeFileSync(file, xml);
  await daemon.virsh("net-define", file);
  await daemon.virsh("net-start", name);
  await waitUntil("the bridge of the network", async () =>
    (await daemon.virsh("net-list", "--name")).includes(name),
  );
}
