# The services' image and the operator's, of one file:
#
#   docker build --target services -t commercestack/commerce:0.1.0 .
#   docker build --target operator -t commercestack/commerce-operator:0.1.0 .
#
# Where the binaries were built outside, a directory with them is the context (see scripts/image.sh):
#
#   docker build -f Dockerfile --build-arg BINARIES=prebuilt --target services DIRECTORY

# Has the C library, OpenSSL 3 (for Kafka with TLS), the public authorities' certificates, and no shell.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
# Of the same release of Debian as the base, so that the binaries find the libraries that they were linked to.
ARG RUST=rust:1-bookworm
# Where the binaries come from: “built” here, or “prebuilt”.
ARG BINARIES=built

FROM ${RUST} AS built
# As cargo names it: release, or dev, which builds faster and runs slower.
ARG PROFILE=release
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --profile "$PROFILE" --workspace --bin commerce --bin commerce-operator \
    && case $PROFILE in dev) made=target/debug ;; *) made=target/$PROFILE ;; esac \
    && mkdir /out && for program in commerce commerce-operator; do strip -o "/out/$program" "$made/$program"; done

FROM scratch AS prebuilt
COPY commerce commerce-operator /out/

FROM ${BINARIES} AS binaries

# The user is the one that the pods' security context names; nothing is written outside of volumes.
FROM ${BASE} AS services
COPY --from=binaries /out/commerce /usr/local/bin/commerce
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/commerce"]

FROM ${BASE} AS operator
COPY --from=binaries /out/commerce-operator /usr/local/bin/commerce-operator
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/commerce-operator"]
