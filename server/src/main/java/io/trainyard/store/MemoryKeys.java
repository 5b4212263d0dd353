package io.trainyard.store;

import io.trainyard.store.Jobs.NewJob;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What idempotency keys were used for. */
final class MemoryKeys {
    private final Map<KeyOf, Use> uses = new HashMap<>();

    private record KeyOf(String project, String text) {}

    record Use(MemoryJob entry, byte[] fingerprint, Instant at) {}

    Optional<Use> use(NewJob wanted, Instant now) {
        return wanted.key()
                .map(key -> uses.get(new KeyOf(wanted.job().identity().project(), key.text())))
                .filter(use -> use.at().plus(JobCreation.KEY_LIFE).isAfter(now));
    }

    void remember(NewJob wanted, MemoryJob entry, Instant now) {
        wanted.key()
                .ifPresent(key -> uses.put(
                        new KeyOf(wanted.job().identity().project(), key.text()),
                        new Use(entry, key.fingerprint(), now)));
    }

    void forget(MemoryJob entry) {
        uses.values().removeIf(use -> use.entry() == entry);
    }
}
