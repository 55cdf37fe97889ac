import { readFileSync } from "node:fs"

/** Seconds since boot: a clock that all containers of a machine share and that no program can set. Source: proc(5). */
export function uptimeSeconds(): number {
  return Number.parseFloat(readFileSync("/proc/uptime", "ascii"))
}

/** A random name that the kernel creates at each boot. Source: random(4). */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "ascii").trim()
}
