import { readdirSync, realpathSync, statSync } from "node:fs"
import { join, sep } from "node:path"
import { compare } from "../problem.ts"

/** What is below a directory. `name` is the path below it as a user sees it, `path` the real path. */
export type Found =
  | { readonly kind: "file"; readonly name: string; readonly path: string }
  /** A directory whose names cannot be read. */
  | { readonly kind: "closed"; readonly name: string; readonly error: unknown }
  /** A symbolic link whose target cannot be found. */
  | { readonly kind: "broken"; readonly name: string; readonly error: unknown }
  /** A symbolic link that leads out of the directory. */
  | { readonly kind: "outside"; readonly name: string; readonly target: string }

/**
 * Finds the files in a directory and below, in the order of their names. Names that begin with a dot are skipped (`.git`, the
 * hidden directories of a mounted ConfigMap). A symbolic link is followed if it stays in the directory. A file or directory
 * with two names is found once, so circles end.
 *
 * @param root Real path of the directory. @param pattern The names of files to find.
 */
export function* filesBelow(root: string, pattern: RegExp): Generator<Found, void> {
  const seen = new Set<string>()
  const isFirstVisit = (path: string) => !seen.has(path) && seen.add(path)

  function* walk(name: string, path: string): Generator<Found, void> {
    if (!isFirstVisit(path)) return
    let entries
    try {
      entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => compare(a.name, b.name))
    } catch (error) {
      return yield { kind: "closed", name, error }
    }
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue
      const found = { name: join(name, entry.name), path: join(path, entry.name) }
      if (entry.isSymbolicLink()) yield* follow(found.name, found.path)
      else if (entry.isDirectory()) yield* walk(found.name, found.path)
      else if (pattern.test(entry.name) && isFirstVisit(found.path)) yield { kind: "file", ...found }
    }
  }

  function* follow(name: string, path: string): Generator<Found, void> {
    const isWanted = pattern.test(name)
    try {
      const target = realpathSync(path)
      const isDirectory = statSync(target).isDirectory()
      if (!isDirectory && !isWanted) return
      if (!`${target}${sep}`.startsWith(`${root}${sep}`)) yield { kind: "outside", name, target }
      else if (isDirectory) yield* walk(name, target)
      else if (isFirstVisit(target)) yield { kind: "file", name, path: target }
    } catch (error) {
      // A broken link matters only if it has the name of a file to find.
      if (isWanted) yield { kind: "broken", name, error }
    }
  }

  yield* walk("", root)
}
