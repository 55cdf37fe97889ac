import { lstatSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** The modes of all that lies below a directory, by path: `750` for one that can be traversed by its group. */
export function modesBelow(root: string): Readonly<Record<string, string>> {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted()
  return Object.fromEntries(names.map((name) => [name, (lstatSync(join(root, name)).mode & 0o7777).toString(8)]))
}

/** Runs with a umask that hides nothing. */
export async function withOpenUmask<T>(use: () => Promise<T>): Promise<T> {
  const before = process.umask(0)
  try {
    return await use()
  } finally {
    process.umask(before)
  }
}
