/** What `install.yaml` is made of. */
export interface Installation {
  /** The kustomize base, rendered. */
  readonly manifests: string
  readonly version: string
  /** The registry that the manifests name. */
  readonly registry: string
  /** The registry that has the images. */
  readonly published: string
  /** Of the images kkv-sync and kkv-sidecar. */
  readonly digests: readonly [sync: string, sidecar: string]
}

/**
 * The text of `install.yaml`: one file for one `kubectl apply`, whose images are named by version and by digest.
 *
 * @throws Where the manifests do not have the images of this version, or a digest is none.
 */
export function installText({ manifests, version, registry, published, digests }: Installation): string {
  let text = manifests
  for (const [at, name] of ["kkv-sync", "kkv-sidecar"].entries()) {
    const digest = digests[at] ?? ""
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`Cannot pin ${name}: "${digest}" is not a digest`)
    const image = `image: ${registry}/${name}:${version}\n`
    if (!text.includes(image)) throw new Error(`Cannot pin ${name}: the manifests do not have "${image.trim()}"`)
    text = text.replaceAll(image, `image: ${published}/${name}:${version}@${digest}\n`)
  }
  return `# kube-keepalived-vip ${version}: kubectl apply -f install.yaml
# Then add a VIP, and see what became of it:
#   kubectl -n kube-keepalived-vip patch configmap vip-configmap --type merge -p '{"data": {"10.4.0.50": "default/echoheaders"}}'
#   kubectl -n kube-keepalived-vip get vipreports
# The virtual router ID is 50. It must be unique on the LAN: no other VRRP router there may have it.
${text}`
}
