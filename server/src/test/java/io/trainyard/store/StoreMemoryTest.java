package io.trainyard.store;

import java.time.InstantSource;

class StoreMemoryTest extends OutboxContractTest {
    @Override
    Store open(InstantSource clock) {
        return new MemoryStore(clock);
    }
}
