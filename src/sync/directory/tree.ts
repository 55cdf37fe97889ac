import { realpathSync, statSync } from "node:fs"
import { join } from "node:path"

import { faultCode } from "../../kit/fault.ts"
import { filesBelow, type Found } from "../../kit/files/tree.ts"
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
 * Finds the manifests below a directory: `*.yaml`, `*.yml`, `*.json`. A symlink that leads out of it is a problem; one below the
 * root is followed, as in a volume that the kubelet makes from a ConfigMap. A file that disappears during the search counts as
 * absent.
 */
export function walkTree(root: string): Tree {
  let path: string
  try {
    path = realpathSync(root)
    if (!statSync(path).isDirectory()) return missing(root, "it is not a directory")
  } catch (error) {
    return missing(root, faultCode(error) === "ENOENT" ? "there is no such directory" : reasonOf(error))
  }
  const files: TreeFile[] = []
  const problems: Problem<SourceProblemCode>[] = []
  for (const found of filesBelow(path, MANIFEST_NAME)) {
    const one = look(found, join(root, found.name))
    if (one === null) continue
    if ("code" in one) problems.push(one)
    else files.push(one)
    if (files.length <= MAXIMUM_TREE_FILES) continue
    const reason = `more than ${MAXIMUM_TREE_FILES} manifests are below it; name a smaller directory`
    problems.push(sourceProblem("SOURCE_TOO_MANY_FILES", root, reason))
    break
  }
  return { files, problems }
}

/** Null if it has disappeared. */
function look(found: Found, name: string): TreeFile | Problem<SourceProblemCode> | null {
  switch (found.kind) {
    case "file":
      return fileOf(name, found.path)
    case "closed":
      return hasVanished(found.error) ? null : sourceProblem("SOURCE_UNREADABLE", name, reasonOf(found.error))
    case "broken":
      return sourceProblem("SOURCE_UNREADABLE", name, `its target cannot be read: ${reasonOf(found.error)}`)
    case "outside": {
      const reason = `it is a symlink to ${found.target}, outside of the tree; replace it with a copy`
      return sourceProblem("SOURCE_SYMLINK", name, reason)
    }
  }
}

function fileOf(name: string, path: string): TreeFile | Problem<SourceProblemCode> | null {
  try {
    const stat = statSync(path, { bigint: true })
    if (!stat.isFile()) return sourceProblem("SOURCE_UNREADABLE", name, "it is not a regular file")
    const identity = `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
    return { name, path, identity, modifiedNs: stat.mtimeNs }
  } catch (error) {
    return hasVanished(error) ? null : sourceProblem("SOURCE_UNREADABLE", name, reasonOf(error))
  }
}

function missing(root: string, reason: string): Tree {
  const text = `${reason}; what was published last stays until it is back`
  return { files: [], problems: [sourceProblem("SOURCE_MISSING", root, text)] }
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
