package io.trainyard.store;

import static io.trainyard.store.Samples.NOON;

import com.sun.management.OperatingSystemMXBean;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.Outcome;
import io.trainyard.spec.JobSpec;
import io.trainyard.store.Samples.Draft;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Prints how fast the store is; asserts nothing, for machines differ. */
@Tag("long")
@TestMethodOrder(MethodOrderer.MethodName.class)
class StoreMeasurementTest {
    private static final PrintStream OUT = new PrintStream(System.err, true, StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private interface Action {
        void run(int number) throws IOException;
    }

    private static long[] timed(int times, Action action) throws IOException {
        long[] nanos = new long[times];
        for (int i = 0; i < times; i++) {
            long start = System.nanoTime();
            action.run(i);
            nanos[i] = System.nanoTime() - start;
        }
        return nanos;
    }

    private static void print(String what, long[] nanos) {
        Arrays.sort(nanos);
        OUT.printf(
                Locale.ROOT,
                "%-46s p50 %9.1f µs   p99 %9.1f µs%n",
                what,
                nanos[nanos.length / 2] / 1e3,
                nanos[nanos.length * 99 / 100] / 1e3);
    }

    /** Of the whole process: what can be compared on a machine that others use as well. */
    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    @Test
    void a_codec() throws IOException {
        JobSpec spec = Samples.spec(Draft.PLAIN);
        byte[] json = Codec.INSTANCE.spec.write(spec);
        for (int i = 0; i < 50_000; i++) Codec.INSTANCE.spec.read(Codec.INSTANCE.spec.write(spec));
        OUT.println("spec: " + json.length + " characters");
        print("encode a spec", timed(20_000, _ -> Codec.INSTANCE.spec.write(spec)));
        print("decode a spec", timed(20_000, _ -> Codec.INSTANCE.spec.read(json)));
    }

    @Test
    void b_inserts() throws Exception {
        try (var store = SqliteStore.open(folder, () -> NOON)) {
            inserts(store, 32, 10_000); // warm up
            for (int round = 0; round < 3; round++) {
                fsync();
                print("create, one client", one(store));
                for (int clients : new int[] {1, 32, 256}) inserts(store, clients, clients == 1 ? 1_000 : 20_000);
            }
        }
    }

    private static long[] one(Store store) throws IOException {
        var wanted = new ArrayList<Jobs.NewJob>();
        for (int i = 0; i < 1_000; i++) wanted.add(Draft.PLAIN.wanted());
        return timed(1_000, i -> store.jobs().create(wanted.get(i)));
    }

    /** What one sync of the disk costs by itself, with as much to write as one job has. */
    private void fsync() throws IOException {
        for (int kib : new int[] {4, 40})
            try (var file =
                    FileChannel.open(folder.resolve("raw"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                var bytes = ByteBuffer.allocate(kib * 1024);
                print("raw write and sync of " + kib + " KiB", timed(1_000, _ -> {
                    file.write(bytes.rewind());
                    file.force(false);
                }));
            }
    }

    private static void inserts(Store store, int clients, int jobs) throws InterruptedException {
        var next = new AtomicInteger();
        var times = new long[jobs];
        var threads = new ArrayList<Thread>();
        long start = System.nanoTime();
        long cpu = cpuNanos();
        for (int i = 0; i < clients; i++)
            threads.add(Thread.ofVirtual().start(() -> {
                for (int job = next.getAndIncrement(); job < jobs; job = next.getAndIncrement()) {
                    var wanted = Draft.PLAIN
                            .withClientId("run-" + System.nanoTime() + "-" + job)
                            .wanted();
                    long began = System.nanoTime();
                    store.jobs().create(wanted);
                    times[job] = System.nanoTime() - began;
                }
            }));
        for (Thread thread : threads) thread.join();
        double seconds = (System.nanoTime() - start) / 1e9;
        double micros = (cpuNanos() - cpu) / 1e3 / jobs;
        print("%d clients: %,.0f inserts/s, %.0f µs CPU each".formatted(clients, jobs / seconds, micros), times);
    }

    @Test
    void c_reads_at_10_000_and_100_000_queued_jobs() throws Exception {
        try (var store = SqliteStore.open(folder, () -> NOON)) {
            var special = new ArrayList<Job>();
            for (int total : new int[] {10_000, 100_000}) {
                fill(store, total, special);
                OUT.printf(Locale.ROOT, "--- %,d jobs%n", total);
                reads(store, special);
            }
        }
    }

    private static void fill(Store store, int total, List<Job> special) throws InterruptedException {
        int present = Math.toIntExact(store.jobs().ahead(special.isEmpty() ? Draft.PLAIN.job() : special.getLast()));
        if (special.isEmpty())
            for (int i = 0; i < 5; i++) {
                Job job = store.jobs()
                        .create(Draft.PLAIN
                                .named("needle")
                                .in("rare", "vision")
                                .labelled(Map.of("team", "rare"))
                                .wanted())
                        .job();
                Job done = Samples.done(job, new Outcome.Cancelled());
                store.jobs().transition(done, Samples.event(done, Event.Kind.CANCELLED));
            }
        inserts(store, 64, total - present - 5);
        special.add(store.jobs()
                .create(Draft.PLAIN.withClientId("last" + total).wanted())
                .job());
    }

    private static void reads(Store store, List<Job> special) throws IOException {
        var jobs = store.jobs();
        Job last = special.getLast();
        var none = Optional.<String>empty();
        var any = List.<StateWord>of();
        print("find by id", timed(5_000, _ -> jobs.find(last.id())));
        print("newest by client id", timed(2_000, _ -> jobs.newest(last.identity())));
        print("list, first page of 50", timed(1_000, _ -> jobs.list(Jobs.Filter.ALL, none, 50)));
        var dense = new Jobs.Filter(Optional.of("default"), List.of(StateWord.QUEUED), none, none, Map.of(), none);
        print("list, project and state, page of 50", timed(500, _ -> jobs.list(dense, none, 50)));
        var deep = Optional.of(Cursor.write(3_000));
        print("list, deep page of 50", timed(500, _ -> jobs.list(dense, deep, 50)));
        var rare = new Jobs.Filter(none, List.of(StateWord.CANCELLED), none, none, Map.of(), none);
        print("list, 5 cancelled among all", timed(100, _ -> jobs.list(rare, none, 50)));
        var needle = new Jobs.Filter(none, any, none, none, Map.of(), Optional.of("needle"));
        print("list, 5 by a part of the name", timed(100, _ -> jobs.list(needle, none, 50)));
        var failed = new Jobs.Filter(
                Optional.of("default"), List.of(StateWord.CANCELLED, StateWord.QUEUED), none, none, Map.of(), none);
        print("list, project and two states", timed(500, _ -> jobs.list(failed, none, 50)));
        var tenant = new Jobs.Filter(Optional.of("rare"), any, none, none, Map.of(), none);
        print("list, 5 of a project", timed(500, _ -> jobs.list(tenant, none, 50)));
        var label = new Jobs.Filter(none, any, none, none, Map.of("team", "rare"), none);
        print("list, 5 by a label", timed(500, _ -> jobs.list(label, none, 50)));
        print("waiting, first 10", timed(500, _ -> jobs.waiting("local", NOON, 10)));
        print("ahead of the last", timed(100, _ -> jobs.ahead(last)));
        print("nextDue", timed(500, _ -> jobs.nextDue(NOON)));
        print("active", timed(500, _ -> jobs.active()));
        print("live", timed(500, _ -> jobs.live("local")));
    }
}
