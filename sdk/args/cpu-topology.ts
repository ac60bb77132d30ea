import type { Input } from "@pulumi/pulumi";

/** The arrangement of a domain's vCPUs. */
export interface CpuTopologyArgs {
  /** Sockets. */
  sockets: Input<number>;
  /** Dies of each socket. Default: 1. */
  dies?: Input<number>;
  /** Cores of each die. */
  cores: Input<number>;
  /** Threads of each core. Default: 1. */
  threads?: Input<number>;
}
