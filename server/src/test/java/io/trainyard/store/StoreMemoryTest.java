package io.trainyard.store;

import java.time.InstantSource;

class StoreMemoryTest extends RecordsContractTest {
    @Override
    Store open(InstantSource clock) {
        return new MemoryStore(clock);
    }
}
