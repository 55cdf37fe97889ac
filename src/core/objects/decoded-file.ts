import type { Problem } from "../../kit/problem.ts"
import type { Placed } from "./kinds.ts"
import type { ObjectProblemCode } from "./problem-codes.ts"

/** The objects of one file, in the file's order, and the problems of that file. */
export interface DecodedFile {
  readonly objects: readonly Placed[]
  readonly problems: readonly Problem<ObjectProblemCode>[]
}
