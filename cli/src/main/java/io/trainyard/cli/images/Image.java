package io.trainyard.cli.images;

import io.trainyard.cli.session.Usage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The images that {@code deploy/images/Dockerfile} can make, the ones that others are built on first. */
@SuppressWarnings("ImmutableEnumChecker") // List.of is
enum Image {
    BASE(List.of(), "", false),
    // Vision jobs name the framework "transformers", and their image after it.
    HF(List.of("transformers"), "hf, meta", false),
    META(List.of(), "hf, meta", false),
    NEMO(List.of(), "hf, meta, nemo", false),
    UNSLOTH(List.of(), "unsloth", false),
    TIMM(List.of(), "timm", false),
    ULTRALYTICS(List.of(), "timm, ultralytics", true);

    private final List<String> alsoCalled;
    private final String trains;
    private final boolean agpl;

    Image(List<String> alsoCalled, String trains, boolean agpl) {
        this.alsoCalled = alsoCalled;
        this.trains = trains;
        this.agpl = agpl;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    String trains() {
        return trains;
    }

    String licence() {
        return agpl ? "Apache-2.0 AND AGPL-3.0-only" : "Apache-2.0";
    }

    /** As the server names the images of jobs. */
    List<String> names(String registry, String tag) {
        var words = new ArrayList<String>(List.of(word()));
        words.addAll(alsoCalled);
        return words.stream()
                .map(word -> "%s/trainer-%s:%s".formatted(registry, word, tag))
                .toList();
    }

    static Image named(String word) {
        for (Image image : values()) if (image.word().equals(word) || image.alsoCalled.contains(word)) return image;
        throw new Usage("There is no image '%s'; there are %s".formatted(word, words()));
    }

    static String words() {
        return Arrays.stream(values()).map(Image::word).collect(Collectors.joining(", "));
    }
}
