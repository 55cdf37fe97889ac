import type { ObjectProblemCode } from "./problem-codes.ts"

/** What is wrong with one field of an object; `path` leads from the object to the field. */
export interface ShapeIssue {
  readonly code: ObjectProblemCode
  readonly path: readonly (string | number)[]
  readonly message: string
  /** The field itself is wrong, and not its value. */
  readonly isKey?: boolean
}
