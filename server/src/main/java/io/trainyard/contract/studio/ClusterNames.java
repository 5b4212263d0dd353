package io.trainyard.contract.studio;

import io.trainyard.store.Jobs;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The names of this contract's jobs on a cluster, each given once: a job name is a label here, and two jobs of one name
 * would otherwise be one object there.
 */
final class ClusterNames {
    private static final int MAX_CHARACTERS = 63;
    private static final int SUFFIX_CHARACTERS = 8;
    private static final String NAMELESS = "training-job";
    private static final int LOCKS = 64;

    private final Jobs jobs;
    private final List<ReentrantLock> locks =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toList();

    ClusterNames(Jobs jobs) {
        this.jobs = jobs;
    }

    /**
     * @param recorded records a job under the name it is handed; nobody else is given that name meanwhile
     */
    <T> T with(Request request, String id, Function<String, T> recorded) {
        if (request.name.isEmpty()) return recorded.apply(of(id));
        String wish = of(request.name.get());
        var lock = locks.get(Math.floorMod(wish.hashCode(), LOCKS));
        lock.lock();
        try {
            return recorded.apply(taken(wish) ? suffixed(wish, id) : wish);
        } finally {
            lock.unlock();
        }
    }

    private boolean taken(String name) {
        var filter = new Jobs.Filter(
                Optional.empty(),
                List.of(),
                Optional.of(Translator.CONTRACT),
                Optional.empty(),
                Map.of(Translator.NAME_LABEL, name),
                Optional.empty());
        return !jobs.list(filter, Optional.empty(), 1).jobs().isEmpty();
    }

    private static String suffixed(String name, String id) {
        String head = name.substring(0, Math.min(name.length(), MAX_CHARACTERS - 1 - SUFFIX_CHARACTERS));
        return head.replaceAll("-+$", "") + "-" + id.substring(0, SUFFIX_CHARACTERS);
    }

    /** Small letters, each other character as a dash, and none of these at an end. */
    static String of(String wish) {
        String plain =
                wish.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "-").replaceAll("^-+", "");
        String name =
                plain.substring(0, Math.min(plain.length(), MAX_CHARACTERS)).replaceAll("-+$", "");
        return name.isEmpty() ? NAMELESS : name;
    }
}
