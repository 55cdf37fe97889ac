import { readFileSync } from "node:fs"
import { join } from "node:path"

/** Where the images of a release are. */
export const REGISTRY = "ghcr.io/kube-keepalived-vip"

/** Folder of the checkout. */
export const ROOT = join(import.meta.dirname, "../..")

/** The version of this checkout: of the program, of its images and of the chart. */
export const VERSION = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string })
  .version
