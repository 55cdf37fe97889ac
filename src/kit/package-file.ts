import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/**
 * The path of a file that ships with this package, such as `templates/page.hbs`: below the nearest folder, from the
 * running code upwards, that holds a package.json. So it is the same from `src/` and from `dist/`.
 *
 * @param path Relative to the package's folder.
 * @param from URL of the code to look upwards from.
 * @throws When no folder above holds a package.json: the installation lacks a part.
 */
export function packageFile(path: string, from: string = import.meta.url): string {
  const start = dirname(fileURLToPath(from))
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return join(folder, path)
    if (folder === dirname(folder)) break
  }
  throw new Error(`Cannot find "${path}": no folder from "${start}" upwards holds a package.json; install all of it`)
}
