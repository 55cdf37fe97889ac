/** Examples below each help text: commands that run as they are, in a checkout or in the pod. */
export const EXAMPLES = {
  kkv: text([
    ["kkv validate manifests/example", "check a git tree before you push it"],
    ["kkv status", "in the pod: what runs, and what does not"],
  ]),
  validate: text([
    ["kkv validate manifests/example", "all manifests of a directory"],
    [
      "kubectl get configmap,service,endpointslice -A -o yaml | kkv validate - --services-configmap kube-system/vips",
      "a cluster",
    ],
  ]),
  render: text([
    ["kkv render manifests/example --node 10.4.0.4 --iface eth0", "the configuration of that node"],
    ["kkv render /run/kkv/desired --use-unicast --advert-interval 0.2", "the configuration of the newest generation"],
  ]),
  diff: text([
    ["kkv diff /run/kkv/applied /run/kkv/desired", "what runs against what is published"],
    ["git worktree add /tmp/main main && kkv diff /tmp/main/vips vips", "what a branch changes"],
  ]),
  status: text([
    ["kkv status", "in the pod"],
    ["kkv status --output json | jq .reasons", "why it is not healthy, for a script"],
  ]),
  explain: text([
    ["kkv explain 10.4.0.50", "in the pod: from the entry to the lines that run"],
    ["kkv explain 10.4.0.50 manifests/example", "from manifests alone"],
  ]),
  history: text([
    ["kkv history", "what ran on this node"],
    ["kkv history --output json | jq -r '.entries[].sequence'", "the numbers, for a script"],
  ]),
  rollback: text([
    ["kkv rollback 41 --dry-run", "what going back to generation 41 would change"],
    ['kkv rollback 41 --reason "checkout answers 500"', "go back, and stay there until kkv resume"],
  ]),
  drain: text([
    ["kkv drain --dry-run", "who would take over"],
    ['kkv drain --reason "new memory"', "hand the VIPs over, and hold none until kkv resume"],
  ]),
  resume: text([
    ["kkv resume", "end what there is, a rollback or a drain"],
    ["kkv resume drain && kkv status", "end a drain alone, and see the result"],
  ]),
  migrate: text([
    ["kkv migrate --from 0.35 old --out new", "manifests, or values of the Helm chart, of release 0.35"],
    [
      "kubectl get service,endpointslice,node -A -o yaml | kkv migrate --from externalips - --out new",
      "the Services of a cluster",
    ],
  ]),
  completion: text([
    ["source <(kkv completion bash)", "in this shell"],
    ["kkv completion fish > ~/.config/fish/completions/kkv.fish", "in each new shell"],
  ]),
  schema: text([
    ["kkv schema > entry.json", "for an editor that knows JSON Schema"],
    ["kkv schema status | jq -r '.properties | keys[]'", "the fields of status.yaml"],
  ]),
  version: text([
    ["kkv version", "of kkv, Node.js and keepalived"],
    ["kkv version --output json | jq -r .keepalived", "for a script"],
  ]),
} as const

function text(examples: readonly (readonly [command: string, what: string])[]): string {
  return `\nExamples:\n${examples.map(([command, what]) => `  # ${what}\n  ${command}\n`).join("")}`
}
