# syntax=docker/dockerfile:1
# Two images: `sync` (Node.js and one bundle, nothing else) and `sidecar` (keepalived, s6, agent).
#   docker build --target sync .    docker build --target sidecar .
ARG NODE_IMAGE=node:24-trixie-slim
ARG DEBIAN_IMAGE=debian:trixie-slim

# The bundle is the same on every architecture: built on the builder's own, never under emulation.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# npm ci refuses a lock file without the optional packages of other platforms (scripts/install.sh).
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
COPY templates ./templates
RUN npm run build

# node, the libraries it needs, CA certificates and a passwd file: all that `sync` is made of. (The target's architecture.)
FROM ${NODE_IMAGE} AS noderoot
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
RUN mkdir -p /out/{usr/local/bin,usr/lib,etc/ssl/certs,var/lib/dpkg/status.d,proc,sys,dev,run}; mkdir -m 1777 /out/tmp; \
    ln -s usr/lib /out/lib; [ ! -d /usr/lib64 ] || { mkdir /out/usr/lib64; ln -s usr/lib64 /out/lib64; }; \
    cp -L /usr/local/bin/node /out/usr/local/bin/; \
    ldd /usr/local/bin/node | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | while read -r file; do \
      directory=/out/usr${file%/*}; directory=${directory/usr\/usr/usr}; mkdir -p "$directory"; cp -L "$file" "$directory/"; done; \
    # Scanners read these: without them the image seems to hold no packages.
    for package in libc6 libgcc-s1 libstdc++6 ca-certificates base-files; do \
      dpkg-query -s "$package" > "/out/var/lib/dpkg/status.d/$package"; done; \
    cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/; cp -L /etc/os-release /out/etc/; \
    printf 'root:x:0:0::/:/nonexistent\nnonroot:x:65532:65532::/:/nonexistent\n' > /out/etc/passwd; \
    printf 'root:x:0:\nnonroot:x:65532:\n' > /out/etc/group; echo 'hosts: files dns' > /out/etc/nsswitch.conf; \
    chroot /out /usr/local/bin/node -e 'process.exit(process.version.startsWith("v24.") ? 0 : 1)'

FROM scratch AS sync
COPY --from=noderoot /out/ /
COPY package.json /app/
COPY --from=build /src/dist /app/dist
ENV NODE_ENV=production SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/kkv.mjs", "sync"]

FROM ${DEBIAN_IMAGE} AS sidecar
# libstdc++6 is node's. keepalived 2.3 exits where /etc/keepalived/keepalived.config-opts is missing: no volume may cover that folder, so
# its configuration is a link to where the agent writes. The names of address protocols would be written at run time, to a root that is
# read-only.
RUN apt-get update \
 && apt-get install -y --no-install-recommends keepalived ipvsadm iptables iproute2 kmod s6 execline libstdc++6 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/log/* \
 && mkdir -p /etc/iproute2/rt_addrprotos.d /var/lib/kube-keepalived-vip && echo "18 keepalived" > /etc/iproute2/rt_addrprotos.d/keepalived.conf \
 && ln -sf /run/kkv/applied/keepalived.conf /etc/keepalived/keepalived.conf
COPY --from=noderoot /usr/local/bin/node /usr/local/bin/node
COPY image/kkv /usr/local/bin/kkv
COPY image/prepare-node /usr/local/bin/prepare-node
COPY image/s6 /etc/s6
COPY package.json /app/
COPY templates /app/templates
COPY --from=build /src/dist /app/dist
ENV NODE_ENV=production
ENTRYPOINT ["/etc/s6/init"]
