/**
 * What can be wrong with the node rather than with an input: the codes of standing faults.
 *
 * `PASS_FAILED`: a look at the inputs, an attempt to apply or a comparison with the kernel met a fault.
 * `RECORD_FAILED`: a record that outlives a pass cannot be written.
 */
export type StandingCode = "PASS_FAILED" | "RECORD_FAILED"
