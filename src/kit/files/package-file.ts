import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/**
 * The path of a file that ships with this package, such as `templates/page.hbs`: below the nearest folder, from the
 * running code upwards, that contains a package.json. So the path is the same from `src/` and from `dist/`.
 *
 * @param path Relative to the package's folder.
 * @param from URL of the code to look upwards from.
 * @throws If no folder above contains a package.json: the installation is incomplete.
 */
export function packageFile(path: string, from: string = import.meta.url): string {
  const start = dirname(fileURLToPath(from))
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return join(folder, path)
    if (folder === dirname(folder)) break
  }
  throw new Error(
    `Cannot find "${path}": no folder from "${start}" upwards contains a package.json; install the complete package`,
  )
}

/** The version of the package, from its package.json. @throws If it has none. */
export function packageVersion(): string {
  const file = packageFile("package.json")
  const content: unknown = JSON.parse(readFileSync(file, "utf8"))
  if (typeof content === "object" && content !== null && "version" in content && typeof content.version === "string")
    return content.version
  throw new Error(`Cannot tell the version: "${file}" has none; install the complete package`)
}
