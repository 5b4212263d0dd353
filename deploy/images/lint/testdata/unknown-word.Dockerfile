# breaks: DoesNotBuild DoesNotParse
FROM debian:trixie-slim
RUNS true
