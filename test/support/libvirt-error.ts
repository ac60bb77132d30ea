import { LibvirtError } from "../../provider/libvirt/errors.ts";

/** An error as QEMU's driver reports it. */
export function libvirtError(code: number, message: string, int1 = 0): LibvirtError {
  return new LibvirtError({ code, domain: 10, level: 2, message, str1: null, str2: null, str3: null, int1 });
}
