# One executable on glibc and nothing else: no shell, no package manager, no root.
#
# Pin both bases for a reproducible image:
#   docker build --build-arg BUILD_BASE=rust:1.95-bookworm@sha256:… --build-arg BASE=gcr.io/distroless/cc-debian12:nonroot@sha256:… .
ARG BUILD_BASE=rust:1.95-bookworm
ARG BASE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY templates templates
COPY scripts/image-build scripts/image-build
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
