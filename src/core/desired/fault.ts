import type { Problem } from "../../kit/problem.ts"
import type { DesiredCode } from "./problem-codes.ts"

/** A problem of a Service that a declaration names: an error at the place where it names it, unless it says otherwise. */
export type Fault = Pick<Problem<DesiredCode>, "code" | "message"> &
  Partial<Pick<Problem<DesiredCode>, "severity" | "place">>
