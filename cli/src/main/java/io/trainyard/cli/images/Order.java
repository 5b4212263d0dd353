package io.trainyard.cli.images;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is to be built, and with what.
 *
 * @param base the image that all begin with, where it is not the Dockerfile's own choice
 * @param secrets files that the build may read and no image keeps, by their names in the Dockerfile
 * @param further words for the engine's own build
 */
record Order(
        List<Image> images,
        Path checkout,
        String registry,
        String tag,
        String revision,
        Optional<String> base,
        Optional<String> source,
        Optional<String> platform,
        Map<String, Path> secrets,
        List<String> further) {
    Order {
        images = List.copyOf(images);
        secrets = new TreeMap<>(secrets);
        further = List.copyOf(further);
    }

    Path dockerfile() {
        return checkout.resolve("deploy").resolve("images").resolve("Dockerfile");
    }
}
