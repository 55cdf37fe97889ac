import { readFileSync } from "node:fs"
import { faultCode } from "../../kit/fault.ts"
import type { Link } from "../ports.ts"

/** IFF_UP. Source: netdevice(7). */
const UP = 1

/** The link of an interface, as sysfs shows it. @param root `/sys/class/net` if absent. */
export function linkOf(name: string, root = "/sys/class/net"): Link {
  const flags = read(`${root}/${name}/flags`)
  if (flags === null) return "absent"
  if ((Number(flags) & UP) === 0) return "down"
  return read(`${root}/${name}/carrier`)?.trim() === "0" ? "no-carrier" : "up"
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    // EINVAL: an interface that is down has no carrier state.
    const code = faultCode(error)
    if (code === "ENOENT" || code === "EINVAL" || code === "ENOTDIR") return null
    throw error
  }
}
