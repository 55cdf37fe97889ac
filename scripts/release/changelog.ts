/** Semantic versioning, without build metadata: a tag of an image may not have it. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/
const UNRELEASED = "## Unreleased\n"

export function isVersion(text: string): boolean {
  return VERSION.test(text)
}

/**
 * The changelog whose section "Unreleased" is that of a version; an empty "Unreleased" is before it.
 *
 * @throws Where there is nothing unreleased, or the version has a section already.
 */
export function withSection(changelog: string, version: string): string {
  if (sectionOf(changelog, version) !== null) throw new Error(`Cannot give ${version} a section: CHANGELOG.md has it`)
  if ((sectionOf(changelog, "Unreleased") ?? "") === "")
    throw new Error(`Cannot give ${version} a section: "Unreleased" of CHANGELOG.md is empty or missing`)
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n## ${version}\n`)
}

/** What the changelog says of a version, without the heading; null where it has no such section. */
export function sectionOf(changelog: string, version: string): string | null {
  const heading = `\n## ${version}\n`
  const start = changelog.indexOf(heading)
  if (start < 0) return null
  const rest = changelog.slice(start + heading.length)
  const end = rest.indexOf("\n## ")
  return (end < 0 ? rest : rest.slice(0, end)).trim()
}
