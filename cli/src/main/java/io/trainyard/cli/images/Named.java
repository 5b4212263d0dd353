package io.trainyard.cli.images;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options by which images are named, wherever they are listed or built. */
final class Named {
    @Option(
            names = "--registry",
            description = "Where they are kept; otherwise DOCKER_REGISTRY, otherwise " + Place.NO_REGISTRY + ".")
    private @Nullable String registry;

    @Option(names = "--tag", description = "Their version; otherwise TRAINER_IMAGE_VERSION, otherwise v1.0.")
    private @Nullable String tag;

    String registry(Place place) {
        return place.registry(registry);
    }

    String tag(Place place) {
        return place.tag(tag);
    }
}
