/**
 * The IPVS schedulers of Linux 4.19 and newer, so that no name fails because a kernel lacks its module.
 *
 * Source: ipvsadm(8), --scheduler.
 */
export const SCHEDULERS = [
  "rr",
  "wrr",
  "lc",
  "wlc",
  "lblc",
  "lblcr",
  "dh",
  "sh",
  "sed",
  "nq",
  "fo",
  "ovf",
  "mh",
] as const

export type Scheduler = (typeof SCHEDULERS)[number]

/** keepalived.conf(5), persistence_timeout: at most 31 days, in seconds. */
export const LONGEST_PERSISTENCE = 2_678_400
