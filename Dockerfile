# One executable on glibc and nothing else: no shell, no package manager, no root.
#
# Both bases are pinned, so the same source gives the same image. To move on to newer ones:
#   docker buildx imagetools inspect rust:1.95-bookworm
#   docker buildx imagetools inspect gcr.io/distroless/cc-debian12:nonroot
ARG BUILD_BASE=rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1
ARG BASE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY templates templates
COPY scripts/image-build scripts/sbom scripts/
RUN scripts/image-build /out

FROM ${BASE} AS final
COPY --from=build --chown=65532:65532 /out/ /
ENV BIND=0.0.0.0 PORT=8080 DATA_DIR=/data
USER 65532:65532
WORKDIR /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \
  CMD ["/usr/local/bin/garmin-gateway", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/garmin-gateway"]
