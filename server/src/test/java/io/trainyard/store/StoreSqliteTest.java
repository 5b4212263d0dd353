package io.trainyard.store;

import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;

class StoreSqliteTest extends OutboxContractTest {
    @TempDir
    Path folder;

    @Override
    Store open(InstantSource clock) {
        return SqliteStore.open(folder, clock);
    }
}
