# syntax=docker/dockerfile:1
# Two images: `sync` (Node.js and one bundle, nothing else) and `sidecar` (keepalived, s6, agent). `make image` builds both; docs/image.md.
#   docker build --target sync .    docker build --target sidecar .
#
# Each base is pinned by the digest of its index of all architectures; Renovate and Dependabot move tag and digest together.
# Another base: --build-arg NODE_IMAGE=... --build-arg DEBIAN_IMAGE=...
ARG NODE_IMAGE=node:24.21.0-trixie-slim@sha256:173f125896c3b47ddf056734c7ea789d04595a6a08769a8f78e0df642781fb66
ARG DEBIAN_IMAGE=debian:trixie-20261005-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f

# The bundles are the same on every architecture: built on the builder's own, never under emulation.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# npm ci refuses a lock file without the optional packages of other platforms (scripts/install.sh).
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build.ts scripts/bundle-rules.ts ./scripts/
COPY src ./src
RUN node scripts/build.ts --no-maps --out /out/sync --only sync \
 && node scripts/build.ts --no-maps --out /out/sidecar --only sidecar --only cli \
 && rm /out/*/meta.json

# What scripts/image.sh takes out where buildah builds for several platforms.
FROM scratch AS bundles
COPY --from=build /out /out

# node, the libraries it needs, and a passwd file: all that `sync` is made of. (The target's architecture.)
FROM ${NODE_IMAGE} AS noderoot
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN mkdir -p /out/{usr/local/bin,usr/lib,etc,var/lib/dpkg/status.d,proc,sys,dev,run/kkv/desired,run/kkv/applied}; \
    mkdir -m 1777 /out/tmp; ln -s /run /out/var/run; \
    ln -s usr/lib /out/lib; [ ! -d /usr/lib64 ] || { mkdir /out/usr/lib64; ln -s usr/lib64 /out/lib64; }; \
    cp -L /usr/local/bin/node /out/usr/local/bin/; [ ! -f /usr/local/LICENSE ] || cp -L /usr/local/LICENSE /out/usr/local/; \
    mapfile -t libraries < <(ldd /usr/local/bin/node | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }'); \
    for file in "${libraries[@]}"; do \
      directory=/out$(realpath "${file%/*}"); mkdir -p "$directory"; cp -L "$file" "$directory/"; done; \
    # Scanners read these: without them the image seems to hold no packages.
    for package in base-files $(realpath "${libraries[@]}" | xargs dpkg-query --search | sed 's/:.*//' | sort -u); do \
      dpkg-query --status "$package" > "/out/var/lib/dpkg/status.d/$package"; \
      mkdir -p "/out/usr/share/doc/$package"; cp -L "/usr/share/doc/$package/copyright" "/out/usr/share/doc/$package/"; done; \
    cp -L /etc/os-release /out/etc/; \
    printf 'root:x:0:0::/:/nonexistent\nnonroot:x:65532:65532::/:/nonexistent\n' > /out/etc/passwd; \
    printf 'root:x:0:\nnonroot:x:65532:\n' > /out/etc/group; echo 'hosts: files dns' > /out/etc/nsswitch.conf; \
    chroot /out /usr/local/bin/node -e 'process.exit(process.version.startsWith("v24.") ? 0 : 1)'

FROM scratch AS sync
COPY --from=noderoot /out/ /
COPY LICENSE package.json /app/
COPY --from=build /out/sync /app/dist
# As image/kkv, for which there is no shell here.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--optimize-for-size", "--no-maglev", "/app/dist/kkv.mjs", "sync"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="kkv-sync" \
      org.opencontainers.image.description="kube-keepalived-vip: mirrors Kubernetes objects to files on the pod's volume" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM ${DEBIAN_IMAGE} AS sidecar
COPY --from=noderoot /out/usr/local /usr/local
# libstdc++6 is node's. keepalived before 2.3.3 is another one than the tests ran; from 2.3 on it exits where
# /etc/keepalived/keepalived.config-opts is missing: no volume may cover that folder, so its configuration is a link to where the
# agent writes. The names of address protocols would be written at run time, to a root that is read-only.
# No versions of packages (DL3008): these are of the day of the build; those of the base are as old as its digest.
# hadolint ignore=DL3008
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends keepalived ipvsadm iptables nftables conntrack iproute2 iputils-arping kmod s6 execline libstdc++6 \
 && dpkg --compare-versions "$(dpkg-query --show --showformat '${Version}' keepalived)" ge 1:2.3.3 && node --version \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* /var/log/* \
 && mkdir -p /etc/iproute2/rt_addrprotos.d /var/lib/kube-keepalived-vip /usr/lib/modules \
 && echo "18 keepalived" > /etc/iproute2/rt_addrprotos.d/keepalived.conf \
 && ln -sf /run/kkv/applied/keepalived.conf /etc/keepalived/keepalived.conf
COPY image/kkv image/prepare-node /usr/local/bin/
COPY image/s6 /etc/s6
COPY LICENSE package.json /app/
COPY templates /app/templates
COPY schema /app/schema
COPY --from=build /out/sidecar /app/dist
ENV NODE_ENV=production
ENTRYPOINT ["/etc/s6/init"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=
ARG SOURCE=
ARG DEBIAN_IMAGE
LABEL org.opencontainers.image.title="kkv-sidecar" \
      org.opencontainers.image.description="kube-keepalived-vip: renders, proves and applies the configuration of the keepalived beside it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${DEBIAN_IMAGE}"
