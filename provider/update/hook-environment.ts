type Environment = Record<string, string | undefined>;

/**
 * What a hook inherits of the environment: what programs need to find their files and to write text. The rest may be the
 * stack's passphrase or the keys of a cloud, and hooks get it by name only (`libvirt-hotplug:hooks.env`).
 */
const INHERITED = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE"],
  // Where the sockets of the user's own daemons are, such as that of qemu:///session.
  "XDG_RUNTIME_DIR",
]);

/** @param named the variables that the stack's configuration names */
export function hookEnvironment(environment: Environment, named: readonly string[]): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => INHERITED.has(name) || name.startsWith("LC_") || named.includes(name),
    ),
  );
}
