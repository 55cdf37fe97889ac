import type { ObjectProblemCode } from "./problem-codes.ts"

/** What is wrong with one field of an object; `path` leads from the object to the field. */
export interface ShapeIssue {
  readonly code: ObjectProblemCode
  readonly path: readonly (string | number)[]
  readonly message: string
  /** True when the field itself is wrong, not its value. */
  readonly isKey?: boolean
}
