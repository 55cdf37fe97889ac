import { memo } from "../../kit/memo.ts"
import type { Checked } from "../../kit/problem.ts"
import type { Declaration } from "./declaration.ts"
import type { RawEntry } from "./entries.ts"
import { isLongForm } from "./is-long-form.ts"
import { parseLongForm } from "./long-form/parse.ts"
import type { DeclareCode } from "./problem-codes.ts"
import { parseShortForm } from "./short-form.ts"

/**
 * Reads an entry in whichever form it is written.
 *
 * @returns what the entry declares; where it is broken, only the parts that can be read. Every broken part is a problem.
 */
export const parseEntry = memo((raw: RawEntry): Checked<Declaration, DeclareCode> =>
  isLongForm(raw.key, raw.text) ? parseLongForm(raw) : parseShortForm(raw),
)
