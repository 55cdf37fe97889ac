/**
 * Parts of `make release` that are texts.
 * Usage: node scripts/release/files.ts WORD ARGUMENTS, and the text is on standard output
 *   notes VERSION                what CHANGELOG.md says of the version; of a pre-release without a section, what is unreleased
 *   install VERSION SYNC SIDECAR < MANIFESTS   install.yaml: the manifests, with the digests of both images;
 *                              RELEASE_REGISTRY is where the images are
 *   provenance TARGET            the SLSA predicate; PLATFORMS, REVISION, BASES, BUILDER and REPOSITORY are in the environment
 *   layout FOLDER                what is in an OCI layout, after each of its blobs was checked
 * exit: 0 done, 1 cannot, 2 usage
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"

import { REGISTRY, ROOT, VERSION } from "../chart/release.ts"
import { isVersion, sectionOf } from "./changelog.ts"
import { installText } from "./install.ts"
import { readLayout } from "./layout.ts"
import { basesIn, provenanceOf } from "./provenance.ts"

const words = process.argv.slice(2)
try {
  console.log(textOf(words))
} catch (error) {
  console.error(`release: ${(error as Error).message}`)
  process.exitCode = 1
}

function textOf([word, ...rest]: readonly string[]): string {
  const [first = "", second = "", third = ""] = rest
  switch (word) {
    case "notes":
      return notesOf(first)
    case "install":
      return installText({
        ...{ manifests: readFileSync(0, "utf8"), version: first, digests: [second, third], registry: REGISTRY },
        published: process.env["RELEASE_REGISTRY"] ?? REGISTRY,
      }).trimEnd()
    case "provenance":
      return JSON.stringify(provenanceOf(buildOf(first === "sync" ? "sync" : "sidecar")), null, 2)
    case "layout": {
      const { references, platforms, configs, blobs } = readLayout(first)
      const names = references.map(({ name, digest }) => `${name} ${digest}`)
      return [...names, `${blobs} blobs, each as its digest says: ${[...platforms, ...configs].join(" ")}`].join("\n")
    }
    case undefined:
    default:
      throw new Error(`unknown word "${word ?? ""}" (expected notes, install, provenance or layout)`)
  }
}

function notesOf(version: string): string {
  if (!isVersion(version))
    throw new Error(`Cannot release "${version}": it is not a version (expected 1.2.3 or 1.2.3-rc.1)`)
  if (version !== VERSION)
    throw new Error(
      `Cannot release ${version}: this checkout is ${VERSION}; run: node scripts/set-version.ts ${version}, and commit`,
    )
  const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")
  const notes = sectionOf(changelog, version) ?? (version.includes("-") ? sectionOf(changelog, "Unreleased") : null)
  if (notes === null || notes === "")
    throw new Error(
      `Cannot release ${version}: CHANGELOG.md has no section for it; run: node scripts/set-version.ts ${version}`,
    )
  return notes
}

function buildOf(target: "sync" | "sidecar") {
  const { PLATFORMS = "", REVISION = "", BASES, BUILDER = "", REPOSITORY = "" } = process.env
  const listed = (text: string) => text.split(/[\s,]+/).filter((one) => one !== "")
  return {
    ...{ target, version: VERSION, revision: REVISION, repository: REPOSITORY, builder: BUILDER },
    platforms: listed(PLATFORMS),
    bases:
      BASES === undefined || BASES === "" ? basesIn(readFileSync(join(ROOT, "Dockerfile"), "utf8")) : listed(BASES),
  }
}
