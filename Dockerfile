# The image of a release: one static binary, no shell, not root. `make image` builds the
# binary first; the roots of TLS are in it.
FROM scratch
ARG TARGETARCH=amd64
COPY dist/hookdrill-linux-${TARGETARCH} /hookdrill
# /tmp, and /work for the report
COPY --chown=65532:65532 dist/image/ /
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/hookdrill"]
CMD ["--help"]
