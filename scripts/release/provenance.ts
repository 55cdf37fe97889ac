/** What is said of the build of an image. */
export interface Build {
  /** Where the source is, such as `https://github.com/owner/repository`. */
  readonly repository: string
  /** The commit, in 40 hexadecimal digits. */
  readonly revision: string
  readonly version: string
  readonly target: "sync" | "sidecar"
  readonly platforms: readonly string[]
  /** Base images with their digests, as the build names them. */
  readonly bases: readonly string[]
  /** Who built, such as the URL of a workflow. */
  readonly builder: string
}

/**
 * The predicate of a SLSA provenance, version 1.0 (https://slsa.dev/spec/v1.0/provenance): from which commit and which base images an
 * image was built, and by whom. It says nothing of the time: the signature has one.
 */
export function provenanceOf(build: Build): unknown {
  return {
    buildDefinition: {
      buildType: `${build.repository}/blob/main/docs/release.md`,
      externalParameters: { version: build.version, target: build.target, platforms: build.platforms },
      internalParameters: {},
      resolvedDependencies: [
        { uri: `git+${build.repository}@${build.revision}`, digest: { gitCommit: build.revision } },
        ...build.bases.map(baseOf),
      ],
    },
    runDetails: { builder: { id: build.builder } },
  }
}

function baseOf(image: string): unknown {
  const [name = image, sha256] = image.split("@sha256:")
  const uri = `docker://${name}`
  return sha256 === undefined ? { uri } : { uri, digest: { sha256 } }
}

/** The base images of a Dockerfile: the defaults of its arguments that end in `_IMAGE`. */
export function basesIn(dockerfile: string): readonly string[] {
  return [...dockerfile.matchAll(/^ARG [A-Z]+_IMAGE=(\S+)$/gm)].map(([, image = ""]) => image)
}
