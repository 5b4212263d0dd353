package io.trainyard.backend.kubeflow;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** The name of the cluster's object: the job's own where the cluster takes it, else one derived from it. */
final class ClusterName {
    /** A pod and its service are named {@code <name>-worker-<index>}, and that has to be a label of 63 characters. */
    private static final int MAX_OWN_CHARACTERS = 63 - "-worker-99999".length();

    /** With the hash and its dash, no more than 30 in all. */
    private static final int MAX_KEPT_CHARACTERS = 21;

    private static final int HASH_CHARACTERS = 8;
    private static final Pattern LABEL = Pattern.compile("[a-z]([a-z0-9-]*[a-z0-9])?");

    private ClusterName() {}

    static String of(String name) {
        if (name.length() <= MAX_OWN_CHARACTERS && LABEL.matcher(name).matches()) return name;
        String plain =
                name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^[^a-z]+", "");
        String kept = plain.substring(0, Math.min(plain.length(), MAX_KEPT_CHARACTERS))
                .replaceAll("-+$", "");
        return (kept.isEmpty() ? "job" : kept) + "-" + hash(name);
    }

    private static String hash(String text) {
        try {
            byte[] bytes = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(bytes).substring(0, HASH_CHARACTERS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
