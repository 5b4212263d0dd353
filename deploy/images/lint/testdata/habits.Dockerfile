# breaks: Add CopyFromContext Hashes Healthcheck Recommends
FROM debian:trixie-slim
ADD https://example.com/archive.tar /
COPY hidden /
COPY nowhere /
RUN apt-get update && apt-get install --yes python3
RUN pip install torch
HEALTHCHECK CMD true
USER 1000
LABEL org.opencontainers.image.title="t" org.opencontainers.image.description="d"\
      org.opencontainers.image.licenses="Apache-2.0" io.trainyard.sbom="/s"
ENTRYPOINT ["python3"]
