# breaks: Entrypoint Label
FROM debian:trixie-slim
USER 1000
