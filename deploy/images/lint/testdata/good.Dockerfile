# breaks:
ARG IMAGE=first
FROM debian:trixie-slim AS first
USER 1000

FROM debian:trixie-slim AS second
USER 1001

FROM ${IMAGE}
COPY kept/here /
RUN apt-get update && apt-get install --yes --no-install-recommends python3
LABEL org.opencontainers.image.title="t" org.opencontainers.image.description="d"\
      org.opencontainers.image.licenses="Apache-2.0" io.trainyard.sbom="/s"
ENTRYPOINT ["python3"]
