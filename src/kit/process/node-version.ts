/** The oldest Node.js version that our programs run on: chokidar 6 requires it. */
export const MINIMUM_NODE = "22.22.0"

/**
 * Why this Node.js cannot run our programs, and what to do about it; null if it can.
 *
 * @param version Such as `24.21.0`, as in `process.versions.node`.
 */
export function nodeVersionObjection(version: string = process.versions.node): string | null {
  if (version.localeCompare(MINIMUM_NODE, "en", { numeric: true }) >= 0) return null
  const expected = MINIMUM_NODE.replace(/\.0$/, "")
  return (
    `Cannot run on Node.js ${version}: expected ${expected} or newer; ` +
    "start it through bin/kkv, which brings its own after `make build`, or put a newer node first on PATH"
  )
}
