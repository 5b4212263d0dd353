package io.trainyard;

import io.trainyard.store.DeadlyStore;
import java.nio.file.Files;
import java.time.InstantSource;
import java.util.Map;

/** The real server, settings by environment, which dies at a commit: {@code CrashServer POINT COMMITS}. */
final class CrashServer {
    private CrashServer() {}

    public static void main(String[] arguments) throws Exception {
        var configuration = new Configuration(Map.of(), System.getenv()).checked();
        var clock = InstantSource.system();
        Files.createDirectories(configuration.home());
        var store = DeadlyStore.open(configuration.home(), clock, arguments[0], Integer.parseInt(arguments[1]));
        var _ = new Trainyard(configuration, store, clock);
        Thread.currentThread().join();
    }
}
