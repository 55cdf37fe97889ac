import { type BigIntStats, readdirSync, realpathSync, statSync } from "node:fs"
import { join, sep } from "node:path"

import { faultCode } from "../../kit/fault.ts"
import type { Problem } from "../../kit/problem.ts"
import type { SourceProblemCode } from "../problem-codes.ts"

/** A manifest file of the tree. */
export interface TreeFile {
  /** Path as a user would write it: the root as given, and the path below it. */
  readonly name: string
  /** Real path, without symlinks. */
  readonly path: string
  /** Changes whenever the file does. */
  readonly identity: string
  /** Nanoseconds after the epoch, on the clock of the file system. */
  readonly modifiedNs: bigint
}

export interface Tree {
  /** Sorted by name, each real file once. */
  readonly files: readonly TreeFile[]
  readonly problems: readonly Problem<SourceProblemCode>[]
}

/** Maximum files in a tree; a larger tree is most likely a wrong path. */
const MAXIMUM_TREE_FILES = 20_000

const MANIFEST_NAME = /\.(?:yaml|yml|json)$/

/**
 * Finds the manifests below a directory: `*.yaml`, `*.yml`, `*.json`. Names that begin with a dot are skipped. A symlink
 * is followed if its target is below the root, as in a volume that the kubelet makes from a ConfigMap; any other symlink is a
 * problem. A file that disappears during the search counts as absent.
 */
export function walkTree(root: string): Tree {
  const walk: Walk = { root: "", seen: new Set(), files: [], problems: [] }
  try {
    walk.root = realpathSync(root)
    if (!statSync(walk.root).isDirectory()) return missing(root, "it is not a directory")
  } catch (error) {
    return missing(root, faultCode(error) === "ENOENT" ? "there is no such directory" : reasonOf(error))
  }
  walkDirectory(walk, root, walk.root)
  if (walk.files.length > MAXIMUM_TREE_FILES) {
    report(
      walk,
      "SOURCE_TOO_MANY_FILES",
      root,
      `more than ${MAXIMUM_TREE_FILES} manifests are below it; name a smaller directory`,
    )
  }
  return { files: walk.files, problems: walk.problems }
}

interface Walk {
  root: string
  /** Real paths, so that a file or directory with two paths counts once, and loops end. */
  readonly seen: Set<string>
  readonly files: TreeFile[]
  readonly problems: Problem<SourceProblemCode>[]
}

function walkDirectory(walk: Walk, name: string, path: string): void {
  if (walk.files.length > MAXIMUM_TREE_FILES || !isFirstVisit(walk, path)) return
  let entries
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (!hasVanished(error)) report(walk, "SOURCE_UNREADABLE", name, reasonOf(error))
    return
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue
    const [entryName, entryPath] = [join(name, entry.name), join(path, entry.name)]
    if (entry.isSymbolicLink()) walkSymlink(walk, entryName, entryPath)
    else if (entry.isDirectory()) walkDirectory(walk, entryName, entryPath)
    else if (MANIFEST_NAME.test(entry.name)) addFile(walk, entryName, entryPath)
  }
}

function walkSymlink(walk: Walk, name: string, path: string): void {
  let target: string
  let stat: BigIntStats
  try {
    target = realpathSync(path)
    stat = statSync(target, { bigint: true })
  } catch (error) {
    // A broken link matters only if it has the name of a manifest.
    if (MANIFEST_NAME.test(name))
      report(walk, "SOURCE_UNREADABLE", name, `its target cannot be read: ${reasonOf(error)}`)
    return
  }
  if (!stat.isDirectory() && !MANIFEST_NAME.test(name)) return
  if (target !== walk.root && !target.startsWith(walk.root + sep)) {
    report(walk, "SOURCE_SYMLINK", name, `it is a symlink to ${target}, outside of the tree; replace it with a copy`)
  } else if (stat.isDirectory()) walkDirectory(walk, name, target)
  else addFile(walk, name, target)
}

function addFile(walk: Walk, name: string, path: string): void {
  if (!isFirstVisit(walk, path)) return
  try {
    const stat = statSync(path, { bigint: true })
    if (!stat.isFile()) {
      report(walk, "SOURCE_UNREADABLE", name, "it is not a regular file")
      return
    }
    const identity = `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
    walk.files.push({ name, path, identity, modifiedNs: stat.mtimeNs })
  } catch (error) {
    if (!hasVanished(error)) report(walk, "SOURCE_UNREADABLE", name, reasonOf(error))
  }
}

function isFirstVisit({ seen }: Walk, path: string): boolean {
  if (seen.has(path)) return false
  seen.add(path)
  return true
}

function missing(root: string, reason: string): Tree {
  const walk: Walk = { root, seen: new Set(), files: [], problems: [] }
  report(walk, "SOURCE_MISSING", root, `${reason}; what was published last stays until it is back`)
  return walk
}

function report({ problems }: Walk, code: SourceProblemCode, name: string, reason: string): void {
  problems.push(sourceProblem(code, name, reason))
}

/** A problem with a file or directory of the source as a whole. */
export function sourceProblem(code: SourceProblemCode, name: string, reason: string): Problem<SourceProblemCode> {
  const place = { file: name, line: null, column: null }
  return { code, severity: "error", path: [name], place, message: `Cannot read ${name}: ${reason}` }
}

function hasVanished(error: unknown): boolean {
  const code = faultCode(error)
  return code === "ENOENT" || code === "ENOTDIR"
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
