# breaks: JSONArgsRecommended
FROM debian:trixie-slim
USER 1000
LABEL org.opencontainers.image.title="t" org.opencontainers.image.description="d"\
      org.opencontainers.image.licenses="Apache-2.0" io.trainyard.sbom="/s"
ENTRYPOINT python3 train.py
