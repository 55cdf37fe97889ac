/** What gives YAML its structure, for texts that are put together by chance. */
export const YAML_MARKS: readonly string[] = ["\n", "\n  - ", "[", "]", "{", "}", ", ", "\t"]
