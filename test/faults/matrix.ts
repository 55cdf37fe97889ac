import { CLUSTER } from "./matrix/cluster.ts"
import { FILES } from "./matrix/files.ts"
import { NODE } from "./matrix/node.ts"
import { ROLE } from "./matrix/role.ts"
import type { Group, Row } from "./matrix/row.ts"

/**
 * The fault matrix. A test that proves row 17 has `(fault 17)` at the end of its name, one that proves several
 * `(faults 17, 20-22)`; run.ts collects these and prints how each row ended, docs.ts says in docs/faults.md where they are.
 */
export const MATRIX: readonly Group[] = [...FILES, ...CLUSTER, ...NODE, ...ROLE]

export const ROWS: readonly Row[] = MATRIX.flatMap(({ rows }) => rows)
