/** What we read of an SPDX document as npm writes it; the rest is passed on. */
export interface Bill {
  readonly documentDescribes: readonly string[]
  readonly packages: readonly BillPackage[]
  readonly relationships: readonly BillRelationship[]
}

interface BillPackage {
  readonly SPDXID: string
  /** Where it lies, such as `node_modules/yaml`; empty for the project itself. */
  readonly packageFileName: string
}

interface BillRelationship {
  readonly spdxElementId: string
  readonly relatedSpdxElement: string
}

/**
 * The bill of what a bundle was made of: the project, and every package that one of the files is from.
 *
 * @param inputs Paths of the bundle's source files, as esbuild's report has them.
 * @throws When a file is from a package that is not on the bill.
 */
export function billOfBundle<T extends Bill>(bill: T, inputs: readonly string[]): T {
  const kept = new Set(bill.documentDescribes)
  for (const input of inputs) {
    // node_modules may be a link out of the project.
    const start = input.indexOf("node_modules/")
    if (start >= 0) kept.add(packageOf(bill, input.slice(start)))
  }
  const isKept = (id: string) => kept.has(id) || id === "SPDXRef-DOCUMENT"
  return {
    ...bill,
    packages: bill.packages.filter(({ SPDXID }) => kept.has(SPDXID)),
    relationships: bill.relationships.filter(
      ({ spdxElementId, relatedSpdxElement }) => isKept(spdxElementId) && isKept(relatedSpdxElement),
    ),
  }
}

/** The innermost package that a file lies in: one may hold another in its own node_modules. */
function packageOf({ packages }: Bill, file: string): string {
  const [innermost] = packages
    .filter(({ packageFileName: folder }) => folder !== "" && file.startsWith(`${folder}/`))
    .toSorted((a, b) => b.packageFileName.length - a.packageFileName.length)
  // Without this an unknown package in node_modules of a known one would pass for that one.
  if (innermost === undefined || file.slice(innermost.packageFileName.length).includes("/node_modules/"))
    throw new Error(`Cannot list "${file}": its package is not on npm's bill; is package-lock.json of this state?`)
  return innermost.SPDXID
}
