/** Where a client without a URI connects: as libvirt itself decides. */
export function defaultUri({ LIBVIRT_DEFAULT_URI }: Readonly<Record<string, string | undefined>>): string {
  return LIBVIRT_DEFAULT_URI || "qemu:///system";
}
