package io.trainyard.backend.simulated;

import io.trainyard.job.Cause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a scripted attempt does, phase after phase, as {@code "wait 2s, run 5s, fail node_lost"}; {@code |} parts the
 * attempts of a job, the last part serves all later ones.
 *
 * <p>Words: {@code wait T}, {@code run T}, {@code unreachable T} (out of sight, and running all the while),
 * {@code stall} (runs until stopped), {@code vanish}, {@code succeed}, {@code fail CAUSE}, {@code refuse}. T is
 * {@code 500ms}, {@code 5s} or {@code 2m}. A script that does not end by itself succeeds.
 */
record Script(List<Phase> phases) {
    sealed interface Phase {
        record Wait(Duration length) implements Phase {}

        record Run(Duration length) implements Phase {}

        record Unreachable(Duration length) implements Phase {}

        record Stall() implements Phase {}

        record Vanish() implements Phase {}

        record Succeed() implements Phase {}

        record Fail(Cause cause) implements Phase {}

        record Refuse() implements Phase {}
    }

    Script {
        phases = List.copyOf(phases);
    }

    /** @throws IllegalArgumentException naming the word that is not understood */
    static Script parse(String text, int attempt) {
        String[] attempts = text.split("\\|", -1);
        var phases = new ArrayList<Phase>();
        for (String word : attempts[Math.min(attempt, attempts.length) - 1].split(",", -1))
            phases.add(phase(word.strip()));
        return new Script(phases);
    }

    private static Phase phase(String text) {
        String[] words = text.split("\\s+", 2);
        String argument = words.length == 2 ? words[1] : "";
        return switch (words[0]) {
            case "wait" -> new Phase.Wait(duration(argument));
            case "run" -> new Phase.Run(duration(argument));
            case "unreachable" -> new Phase.Unreachable(duration(argument));
            case "stall" -> new Phase.Stall();
            case "vanish" -> new Phase.Vanish();
            case "succeed" -> new Phase.Succeed();
            case "fail" -> new Phase.Fail(cause(argument));
            case "refuse" -> new Phase.Refuse();
            default ->
                throw new IllegalArgumentException(
                        "\"%s\" is no word of a script; say wait, run, unreachable, stall, vanish, succeed, fail or refuse"
                                .formatted(text));
        };
    }

    private static Cause cause(String word) {
        try {
            return word.isEmpty() ? Cause.EXIT_CODE : Cause.valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"" + word + "\" is no cause of failure", e);
        }
    }

    private static Duration duration(String text) {
        try {
            if (text.endsWith("ms")) return Duration.ofMillis(number(text, 2));
            if (text.endsWith("s")) return Duration.ofSeconds(number(text, 1));
            if (text.endsWith("m")) return Duration.ofMinutes(number(text, 1));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + text + "\" is no duration; say 500ms, 5s or 2m", e);
        }
        throw new IllegalArgumentException("\"" + text + "\" is no duration; say 500ms, 5s or 2m");
    }

    private static long number(String text, int unit) {
        int number = Integer.parseInt(text.substring(0, text.length() - unit));
        if (number < 0) throw new NumberFormatException("negative");
        return number;
    }
}
