package io.trainyard.cli.api;

import tools.jackson.databind.JsonNode;

/** What the server said; the body is a missing node when there was none. */
public record Answer(int status, JsonNode body) {}
