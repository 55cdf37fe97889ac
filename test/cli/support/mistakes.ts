import { test } from "uvu"
import * as assert from "uvu/assert"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { kkv } from "./kkv.ts"
import { writeTree } from "./manifests.ts"

/** Mistakes that people make in a tree of manifests, and what `kkv validate` says of each: the place, the code, and words of the message. */
export interface Mistake {
  readonly what: string
  /** Below `data:` of a ConfigMap, from line 7 on; or whole files. */
  readonly data?: string
  readonly files?: Readonly<Record<string, string>>
  readonly says: readonly RegExp[]
}

/** A ConfigMap up to its data. */
export const HEAD = `apiVersion: v1
kind: ConfigMap
metadata:
  name: vips
  namespace: default
`
export const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: echo, namespace: default}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
`

/** A test for each of the mistakes. */
export function testMistakes(mistakes: readonly Mistake[]): void {
  for (const { what, data, files, says } of mistakes)
    test(`kkv validate says what is wrong: ${what}`, () =>
      withTemporaryDirectory(async (directory) => {
        const tree = {
          "service.yaml": SERVICE,
          ...(data !== undefined && { "v.yaml": `${HEAD}data:\n${data}\n` }),
          ...files,
        }
        await writeTree(directory, tree)
        const { status, out: stdout } = await kkv(["validate", directory])
        const lines = stdout
          .replaceAll(`${directory}/`, "")
          .trimEnd()
          .split("\n")
          .slice(0, -1)
          .filter((line) => !line.startsWith("note: "))
        assert.is(status, 1, stdout)
        assert.is(lines.length, says.length, `one problem for each mistake:\n${stdout}`)
        for (const [at, pattern] of says.entries()) assert.match(lines[at] ?? "", pattern)
      }))
}
