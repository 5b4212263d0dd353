package io.trainyard.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.crash.ChildLedger.Outage;
import io.trainyard.store.DeadlyStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills the real server again and again while clients go on asking for jobs, then compares what they were told, what
 * the store says and what really ran. {@code ./dev crash KILLS SEED} runs it by hand.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "local jobs run on Linux only")
class CrashTest {
    private static final int KILLS = Integer.getInteger("crash.kills", 20);
    private static final long SEED = Long.getLong("crash.seed", System.nanoTime());
    private static final int LOCAL_A_WAVE = 6;
    private static final int SIMULATED_A_WAVE = 12;
    private static final int MOST_COMMITS = 120;
    private static final Duration POINT_WITHIN = Duration.ofSeconds(10);
    private static final Duration ALL_OVER_WITHIN = Duration.ofMinutes(2);
    private static final Map<String, String> SETTINGS = Map.of(
            "TRAINYARD_LOCAL_ALLOW_COMMANDS", "true",
            "TRAINYARD_LOCAL_CPUS", "64",
            "TRAINYARD_LOCAL_MEMORY_GIB", "1024",
            "TRAINYARD_LOCAL_GPUS", "none",
            "TRAINYARD_POLL_SECONDS", "1");

    private enum Moment {
        WHILE_STARTING,
        WHILE_RUNNING,
        BEFORE_A_COMMIT,
        AFTER_A_COMMIT
    }

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private final Random random = new Random(SEED);
    private final Map<Moment, Integer> kills = new EnumMap<>(Moment.class);
    private final List<Outage> outages = new ArrayList<>();
    private final List<Ask> asked = new ArrayList<>();
    private long ledgerAtKill = -1;

    @Test
    void no_kill_loses_doubles_or_forgets_anything() throws Exception {
        long began = System.nanoTime();
        Path ledger = folder.resolve("children");
        var clients = new Clients(ledger);
        for (int kill = 1; kill <= KILLS; kill++) {
            clients.submit(wave(kill <= KILLS * 2 / 3));
            Moment moment = kill(clients, ledger);
            say("kill %d of %d %s: %d jobs asked for, %d acknowledged"
                    .formatted(kill, KILLS, words(moment), asked.size(), clients.acknowledged.size()));
        }
        var server = start(clients, ledger, ServerProcess.PLAIN, "serve");
        try {
            server.ready();
            clients.finish();
            untilAllIsOver(clients);
            ChildLedger children = ChildLedger.read(ledger);
            var checker = new Checker(clients, home(), children);
            List<String> violations = checker.check(asked);
            say(
                    "%s; %d jobs, %d attempts (%d processes), %d re-attached, %d requests cut off, %d answered again; %d violations, %d s, seed %d"
                            .formatted(
                                    kills,
                                    asked.size(),
                                    checker.attempts,
                                    children.children.size(),
                                    children.livedThrough(outages),
                                    clients.lost.get(),
                                    clients.repeated.get(),
                                    violations.size(),
                                    Duration.ofNanos(System.nanoTime() - began).toSeconds(),
                                    SEED));
            violations.stream().limit(30).forEach(CrashTest::say);
            assertEquals(List.of(), violations, "seed " + SEED);
            assertTrue(children.livedThrough(outages) > 0, "no child lived through a kill: nothing was shown");
        } finally {
            server.kill(false);
        }
    }

    private Path home() {
        return folder.resolve("home");
    }

    /** @param retries leaves out, near the end, what would only be waited for */
    private List<Ask> wave(boolean retries) {
        var wave = new ArrayList<Ask>();
        for (int i = 0; i < LOCAL_A_WAVE + SIMULATED_A_WAVE; i++)
            wave.add(Ask.random(asked.size() + wave.size(), i < LOCAL_A_WAVE, retries, random));
        asked.addAll(wave);
        return wave;
    }

    /** Starts the server and ends it at some moment. */
    private Moment kill(Clients clients, Path ledger) throws Exception {
        Moment moment = Moment.values()[List.of(0, 1, 1, 1, 2, 2, 3, 3).get(random.nextInt(8))];
        String commits = Integer.toString(random.nextInt(1, MOST_COMMITS));
        var server = switch (moment) {
            case BEFORE_A_COMMIT -> start(clients, ledger, ServerProcess.DEADLY, DeadlyStore.BEFORE_COMMIT, commits);
            case AFTER_A_COMMIT -> start(clients, ledger, ServerProcess.DEADLY, DeadlyStore.AFTER_COMMIT, commits);
            case WHILE_STARTING, WHILE_RUNNING -> start(clients, ledger, ServerProcess.PLAIN, "serve");
        };
        Moment came = moment;
        switch (moment) {
            case WHILE_STARTING -> server.endsWithin(Duration.ofMillis(random.nextInt(1500)));
            case WHILE_RUNNING -> {
                server.ready();
                server.endsWithin(Duration.ofMillis(random.nextInt(2500)));
            }
            case BEFORE_A_COMMIT, AFTER_A_COMMIT -> {
                if (server.endsWithin(POINT_WITHIN)) assertEquals(DeadlyStore.STATUS, server.status());
                else came = Moment.WHILE_RUNNING;
            }
        }
        ledgerAtKill = ChildLedger.length(ledger);
        server.kill(false);
        clients.server.set(Optional.empty());
        kills.merge(came, 1, Integer::sum);
        return came;
    }

    private ServerProcess start(Clients clients, Path ledger, String... command) {
        var server = ServerProcess.start(home(), SETTINGS, List.of(), command);
        long before = ledgerAtKill;
        var _ = server.whenReady().thenAccept(address -> {
            clients.server.set(Optional.of(address));
            if (before >= 0) outages.add(new Outage(before, ChildLedger.length(ledger)));
        });
        return server;
    }

    private static void untilAllIsOver(Clients clients) throws Exception {
        String living = "/api/v1/jobs?limit=5&state=queued&state=launching&state=running&state=stopping&state=paused";
        long deadline = System.nanoTime() + ALL_OVER_WITHIN.toNanos();
        while (!clients.get(living).body().path("jobs").isEmpty()) {
            if (System.nanoTime() > deadline)
                throw new AssertionError(
                        "still not over: " + clients.get(living).body() + ", seed " + SEED);
            Thread.sleep(200);
        }
        // Told last: the release of what the ended attempt held.
        Thread.sleep(300);
    }

    private static String words(Moment moment) {
        return moment.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static void say(String line) {
        System.out.println("crash: " + line);
    }
}
