import type { Problem } from "../../../kit/problem.ts"

/** An address that an entry asks for, with the path of the entry and the place of the address. */
export interface Claim extends Pick<Problem<string>, "path" | "place"> {
  readonly address: string
}
