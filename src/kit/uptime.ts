import { readFileSync } from "node:fs"

/** Seconds since boot: the one clock that all containers of a machine share and that nobody sets. Source: proc(5). */
export function uptimeSeconds(): number {
  return Number.parseFloat(readFileSync("/proc/uptime", "ascii"))
}

/** A random name that the kernel gives each boot. Source: random(4). */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "ascii").trim()
}
