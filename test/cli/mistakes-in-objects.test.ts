import { test } from "uvu"
import { HEAD, SERVICE, testMistakes } from "./support/mistakes.ts"

testMistakes([
  {
    what: "entries that are not indented below data",
    files: { "v.yaml": `${HEAD}data:\n10.4.0.50: default/echo\n10.4.0.51: ""\n` },
    says: [
      /^v\.yaml:7:\d+: OBJECT_SHAPE: Cannot read ConfigMap default\/vips: "10\.4\.0\.50" is beside "data" \(expected it below "data", indented by two spaces\)$/,
      /^v\.yaml:8:\d+: OBJECT_SHAPE: .*"10\.4\.0\.51" is beside "data"/,
    ],
  },
  {
    what: "a line of dashes between a ConfigMap and its data",
    files: { "v.yaml": `${HEAD}---\ndata:\n  10.4.0.50: default/echo\n` },
    says: [
      /^v\.yaml:7:1: OBJECT_SHAPE: Cannot read the document: it has entries of VIPs and no kind \(expected entries below "data" of the ConfigMap; remove the "---" before it if it is a mistake\)$/,
    ],
  },
  {
    what: "dots between entries",
    files: { "v.yaml": `${HEAD}data:\n  10.4.0.50: ""\n...\n10.4.0.51: ""\n` },
    says: [/^v\.yaml:9:1: OBJECT_SHAPE: .*it has entries of VIPs and no kind/],
  },
  {
    what: "entries and nothing else",
    files: { "v.yaml": "10.4.0.50: default/echo\n" },
    says: [/^v\.yaml:1:1: OBJECT_SHAPE: .*it has entries of VIPs and no kind/],
  },
  {
    what: "no kind",
    files: { "v.yaml": `${HEAD}data: {10.4.0.50: ""}\n---\n${SERVICE.replace("kind: Service\n", "")}` },
    says: [/^v\.yaml:8:1: OBJECT_SHAPE: .*it has no kind \(expected kind: ConfigMap, Service or another kind\)$/],
  },
  {
    what: "no kind in a List",
    files: { "v.yaml": `kind: List\nitems:\n- apiVersion: v1\n  metadata: {name: vips}\n  data: {10.4.0.50: ""}\n` },
    says: [/^v\.yaml:3:3: OBJECT_SHAPE: .*it has entries of VIPs and no kind/],
  },
  {
    what: "a list of objects in JSON",
    files: {
      "v.json": `[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "vips"}, "data": {"10.4.0.50": ""}}]`,
    },
    says: [/^v\.json:1:1: OBJECT_SHAPE: .*it is a list of objects \(expected "---" between two objects, or kind: List/],
  },
  {
    what: "item for items",
    files: { "v.yaml": `kind: List\nitem:\n- kind: ConfigMap\n` },
    says: [
      /^v\.yaml:1:1: OBJECT_SHAPE: Cannot read the List: it has no items \(expected a list of objects below "items"\)$/,
    ],
  },
  {
    what: "a mapping as items",
    files: { "v.yaml": `kind: ServiceList\napiVersion: v1\nitems:\n  kind: Service\n` },
    says: [/^v\.yaml:3:1: OBJECT_SHAPE: Cannot read the ServiceList: its items are not a list/],
  },
  {
    what: "objects of JSON, a line each",
    files: { "v.json": `{"kind": "ConfigMap", "apiVersion": "v1"}\n{"kind": "Service", "apiVersion": "v1"}\n` },
    says: [/^v\.json:2:1: YAML_SYNTAX: .*a second object starts here \(expected "---" on a separate line before it\)$/],
  },
  {
    what: "an entry of Jsonnet",
    data: '  ["10.4.0.50"]: default/echo',
    says: [/^v\.yaml:7:3: YAML_SYNTAX: Cannot read the YAML: a key is a list or a mapping \(expected text\)$/],
  },
  {
    what: "an entry below binaryData, beside data",
    files: { "v.yaml": `${HEAD}data: {10.4.0.50: ""}\nbinaryData:\n  10.4.0.51: ZGVmYXVsdC9lY2hv\n` },
    says: [/^v\.yaml:8:3: CONFIGMAP_VALUE: .*10\.4\.0\.51: it is below binaryData \(expected text below data\)$/],
  },
  {
    what: "a list as data",
    data: "  - 10.4.0.50: default/echo",
    says: [/^v\.yaml:7:3: OBJECT_SHAPE: .*: data is a list, not a mapping of addresses to Services/],
  },
  {
    what: "a mapping as the ports of a Service",
    files: { "v.yaml": `${HEAD}data: {}\n---\n${SERVICE.replace("[{port: 80}]", "{port: 80}")}` },
    says: [/OBJECT_SHAPE: Cannot read Service default\/echo: spec\.ports is a mapping \(expected a list\)$/],
  },
  {
    what: "variables of envsubst, as Flux replaces them",
    data: "  ${VIP}: default/echo\n  10.4.0.51: ${NAMESPACE}/echo",
    says: [
      /^v\.yaml:7:3: BAD_ADDRESS: .*it looks like a template; render it first/,
      /^v\.yaml:8:3: BAD_TARGET: .*it looks like a template; render it first/,
    ],
  },
  {
    what: "datas for data",
    files: { "v.yaml": `${HEAD}datas:\n  10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:6:1: OBJECT_SHAPE: .*a ConfigMap does not have the field "datas"; did you mean "data"\?$/],
  },
  {
    what: "Data for data",
    files: { "v.yaml": `${HEAD}Data:\n  10.4.0.50: default/echo\n` },
    says: [/a ConfigMap does not have the field "Data"; did you mean "data"\?$/],
  },
  {
    what: "stringData for data",
    files: { "v.yaml": `${HEAD}stringData:\n  10.4.0.50: default/echo\n` },
    says: [/a ConfigMap does not have the field "stringData"; did you mean "data"\?$/],
  },
  {
    what: "spec for data",
    files: { "v.yaml": `${HEAD}spec:\n  10.4.0.50: default/echo\n` },
    says: [/a ConfigMap does not have the field "spec"$/],
  },
  {
    what: "data below metadata",
    files: { "v.yaml": `${HEAD}  data:\n    10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:\d+:\d+: OBJECT_SHAPE: .*"data" is inside "metadata"/],
  },
  {
    what: "a kind in other capitals",
    files: { "v.yaml": `${HEAD.replace("ConfigMap", "Configmap")}data:\n  10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:2:\d+: OBJECT_SHAPE: Cannot read an object of kind "Configmap": did you mean "ConfigMap"\?$/],
  },
  {
    what: "a kind in the plural",
    files: { "v.yaml": `${HEAD.replace("ConfigMap", "configmaps")}data:\n  10.4.0.50: default/echo\n` },
    says: [/OBJECT_SHAPE: .*did you mean "ConfigMap"\?$/],
  },
  {
    what: "a wrong apiVersion",
    files: { "v.yaml": `${HEAD.replace("v1", "apps/v1")}data:\n  10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:1:\d+: OBJECT_SHAPE: Cannot read the ConfigMap: its apiVersion is "apps\/v1" \(expected "v1"\)$/],
  },
  {
    what: "two ConfigMaps with addresses",
    files: {
      "a.yaml": `${HEAD}data:\n  10.4.0.50: default/echo\n`,
      "b/c.yaml": `# second\n${HEAD.replace("vips", "more")}data:\n  10.4.0.51: default/echo\n`,
    },
    says: [
      /^b\/c\.yaml:2:1: CONFIGMAP_AMBIGUOUS: .*"default\/more" \(b\/c\.yaml:2:1\), "default\/vips" \(a\.yaml:1:1\); name one, or each with a flag of its own, with --services-configmap/,
    ],
  },
  {
    what: "a Helm template",
    files: {
      "v.yaml": `${HEAD}data:\n  10.4.0.50: default/echo\n`,
      "chart/templates/service.yaml":
        'apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n  labels: {{- include "x" . | nindent 4 }}\nspec:\n  ports:\n  {{- range .Values.ports }}\n  - port: {{ . }}\n  {{- end }}\n',
    },
    says: [
      /^chart\/templates\/service\.yaml:4:9: YAML_SYNTAX: Cannot read the file: it looks like a template \("\{\{"\); render it first/,
    ],
  },
  {
    what: "a patch of kustomize beside its base",
    files: {
      "base/v.yaml": `${HEAD}data:\n  10.4.0.50: default/echo\n`,
      "overlay/patch.yaml": `${HEAD}data:\n  10.4.0.51: default/echo\n`,
    },
    says: [
      /^overlay\/patch\.yaml:1:1: OBJECT_DUPLICATE: .*build overlays first \(kustomize build DIR \| kkv validate -\)$/,
    ],
  },
])

test.run()
