package io.trainyard.backend.pods;

import io.trainyard.job.Attempt;
import io.trainyard.spec.JobSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** How an attempt's things are called on a cluster, and the labels by which they are known to be ours. */
public final class Names {
    public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
    public static final String OURS = "trainyard";
    public static final String JOB = "trainyard.io/job";
    public static final String ATTEMPT = "trainyard.io/attempt";
    /** How many pods there have to be. */
    public static final String NODES = "trainyard.io/nodes";

    /** By it a contract says that it made sure of a name itself, and shows it: it is used as it is. */
    public static final String CHOSEN = "trainyard/name";

    /** What every list of ours is narrowed to. */
    public static final String SELECTOR = MANAGED_BY + "=" + OURS + "," + JOB;

    /** With the hash, its dash and the attempt's number no more than 30: what a cluster hangs on to it has to fit too. */
    private static final int MAX_KEPT_CHARACTERS = 16;

    private static final int MAX_CHARACTERS = 63;
    private static final int HASH_CHARACTERS = 8;
    private static final String SECRETS = "-secrets";
    private static final Pattern LABEL = Pattern.compile("[a-z]([a-z0-9-]*[a-z0-9])?");

    private Names() {}

    /** The same for the same attempt, whoever asks and when: saying a create twice creates once. */
    public static String of(JobSpec spec, Attempt attempt) {
        String first = chosen(spec)
                ? spec.name()
                : kept(spec.name()) + "-" + hash(attempt.job().value());
        if (attempt.number() == 1) return first;
        String suffix = "-r" + attempt.number();
        return cut(first, MAX_CHARACTERS - suffix.length()) + suffix;
    }

    /** Of a plan, whose job has no id yet. */
    public static String planned(JobSpec spec) {
        return chosen(spec) ? spec.name() : kept(spec.name());
    }

    private static boolean chosen(JobSpec spec) {
        return spec.name().equals(spec.labels().get(CHOSEN))
                && spec.name().length() <= MAX_CHARACTERS
                && LABEL.matcher(spec.name()).matches();
    }

    private static String kept(String name) {
        String plain =
                name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^[^a-z]+", "");
        String kept = cut(plain, MAX_KEPT_CHARACTERS);
        return kept.isEmpty() ? "job" : kept;
    }

    /** The Secret that holds an object's secret variables, each under its own name. */
    public static String secretOf(String name) {
        return cut(name, MAX_CHARACTERS - SECRETS.length()) + SECRETS;
    }

    private static String cut(String name, int characters) {
        return name.substring(0, Math.min(characters, name.length())).replaceAll("-+$", "");
    }

    public static Map<String, String> labels(Attempt attempt) {
        return Map.of(MANAGED_BY, OURS, JOB, attempt.job().value(), ATTEMPT, Integer.toString(attempt.number()));
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
