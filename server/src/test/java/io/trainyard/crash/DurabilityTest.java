package io.trainyard.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.crash.Trace.Call;
import io.trainyard.job.JobId;
import io.trainyard.store.SqliteStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What the kernel was told, in which order: acknowledged means on the disk, also when the machine itself dies. */
class DurabilityTest {
    private static final long SEED = Long.getLong("crash.seed", System.nanoTime());
    private static final int ONE_BY_ONE = 50;
    private static final int TOGETHER = 150;
    private static final int CLIENTS = 16;
    private static final int CUTS = 12;
    private static final int SECTOR_BYTES = 512;
    private static final int FRAME_HEADER_BYTES = 24;
    private static final Pattern CREATED =
            Pattern.compile("^HTTP/1\\.1 201 .*?\"id\":\"(job_[0-9a-f-]+)\"", Pattern.DOTALL);

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    /** @param call the write of a 201 to its client */
    private record Acknowledgement(String job, Call call) {}

    /** From the first frame to the last write of the one that commits. */
    private record Commit(List<Call> writes) {
        int ended() {
            return writes.getLast().ended();
        }
    }

    @Test
    void every_acknowledgement_leaves_after_a_sync_of_its_commit_and_survives_a_cut_at_the_last_sync()
            throws Exception {
        Path home = folder.resolve("home");
        Trace trace = traced(home);
        Path log = home.resolve("trainyard.db-wal");
        List<Call> calls = trace.calls();
        List<Acknowledgement> acknowledged = acknowledged(calls);
        assertEquals(ONE_BY_ONE + TOGETHER, acknowledged.size());
        List<Call> syncs = calls.stream().filter(c -> c.sync() && c.of(log)).toList();
        List<Commit> commits = commits(calls, log);
        for (Acknowledgement one : acknowledged) syncedBefore(one, commits, syncs);
        int kept = 0;
        var random = new Random(SEED);
        for (int cut = 0; cut < CUTS; cut++) {
            Acknowledgement last =
                    acknowledged.get(cut == 0 ? acknowledged.size() - 1 : random.nextInt(acknowledged.size()));
            kept += survives(home, calls, acknowledged, last.call().begun(), random, cut % 2 == 1);
        }
        long moved = calls.stream()
                .filter(c -> c.write() && c.of(home.resolve("trainyard.db")))
                .count();
        say(
                "%d answers 201, a sync of the write-ahead log between the last write of its commit and each; %d commits, %d syncs, %d pages moved to the database; %d images cut at the last sync hold all %d jobs acknowledged before, seed %d"
                        .formatted(acknowledged.size(), commits.size(), syncs.size(), moved, CUTS, kept, SEED));
    }

    private Trace traced(Path home) throws Exception {
        needStrace();
        Path file = folder.resolve("trace");
        var wrapper = List.of(
                "strace",
                "-f",
                "-y",
                "-q",
                "--seccomp-bpf",
                "-x",
                "-s",
                Trace.MOST_BYTES,
                "-e",
                Trace.CALLS,
                "-o",
                file.toString());
        var server = ServerProcess.start(home, Map.of(), wrapper, ServerProcess.PLAIN, "serve");
        try {
            URI address = server.ready().resolve("/api/v1/jobs");
            var http =
                    HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            for (int i = 0; i < ONE_BY_ONE; i++) create(http, address);
            try (var threads = Executors.newFixedThreadPool(CLIENTS)) {
                var work = new ArrayList<Callable<Void>>();
                for (int i = 0; i < TOGETHER; i++) work.add(() -> create(http, address));
                for (var done : threads.invokeAll(work)) done.get();
            }
        } finally {
            server.kill(true);
        }
        return Trace.read(file);
    }

    private static Void create(HttpClient http, URI address) throws IOException, InterruptedException {
        String body = """
                {"name":"traced","framework":"custom","container":{"command":["true"]},
                "placement":{"backends":["simulated"]},"annotations":{"trainyard.simulated/script":"run 200ms, succeed"}}
                """;
        var request = HttpRequest.newBuilder(address).POST(HttpRequest.BodyPublishers.ofString(body));
        var response = http.send(request.build(), BodyHandlers.ofString());
        assertEquals(201, response.statusCode(), response.body());
        return null;
    }

    private static void needStrace() throws InterruptedException {
        String why;
        try {
            var probe = new ProcessBuilder("strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true")
                    .redirectErrorStream(true)
                    .start();
            String said = new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            why = probe.waitFor(20, TimeUnit.SECONDS) && probe.exitValue() == 0 ? "" : "strace may not trace: " + said;
        } catch (IOException e) {
            why = "there is no strace: " + e.getMessage();
        }
        if (!why.isEmpty()) say("SKIPPED, durability is not shown here: " + why.strip());
        Assumptions.assumeTrue(why.isEmpty(), why);
    }

    private static List<Acknowledgement> acknowledged(List<Call> calls) {
        var list = new ArrayList<Acknowledgement>();
        for (Call call : calls) {
            if (!call.file().startsWith("socket:") && !call.file().startsWith("TCP")) continue;
            var created = CREATED.matcher(call.text());
            if (created.find()) list.add(new Acknowledgement(created.group(1), call));
        }
        return list;
    }

    /** A frame is written as its header and its page; a header that tells the size of the database commits. */
    private static List<Commit> commits(List<Call> calls, Path log) {
        var commits = new ArrayList<Commit>();
        var writes = new ArrayList<Call>();
        boolean last = false;
        for (Call call : calls) {
            if (!call.write() || !call.of(log)) continue;
            writes.add(call);
            if (call.bytes().length == FRAME_HEADER_BYTES) last = !Arrays.equals(call.bytes(), 4, 8, new byte[4], 0, 4);
            else if (last) {
                commits.add(new Commit(List.copyOf(writes)));
                writes.clear();
                last = false;
            }
        }
        return commits;
    }

    private static void syncedBefore(Acknowledgement one, List<Commit> commits, List<Call> syncs) {
        Commit its = commits.stream()
                .filter(commit ->
                        commit.writes().stream().anyMatch(write -> write.text().contains(one.job())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(one.job() + " was answered and never written"));
        assertTrue(
                syncs.stream()
                        .anyMatch(sync -> sync.begun() > its.ended()
                                && sync.ended() < one.call().begun()),
                () -> one.job() + " was answered at line " + one.call().begun() + ", written at " + its.ended()
                        + " and not synced in between");
    }

    /**
     * The power goes as an answer leaves. What was written to a file before its last sync began is there; of what came
     * later nothing, or, where torn, any sectors.
     *
     * @return how many jobs had been acknowledged
     */
    private int survives(
            Path home, List<Call> calls, List<Acknowledgement> acknowledged, int cut, Random random, boolean torn)
            throws IOException {
        Path image = Files.createTempDirectory(folder, "image");
        for (String name : List.of("trainyard.db", "trainyard.db-wal")) {
            Path file = home.resolve(name);
            int synced = calls.stream()
                    .filter(call -> call.sync() && call.of(file) && call.ended() < cut)
                    .mapToInt(Call::begun)
                    .max()
                    .orElse(0);
            var content = new Content();
            for (Call call : calls) {
                if (!call.of(file) || call.begun() >= cut) continue;
                if (call.ended() < synced) content.replay(call, _ -> true);
                else if (torn) content.replay(call, _ -> random.nextBoolean());
            }
            Files.write(image.resolve(name), content.bytes());
        }
        int count = 0;
        try (var store = SqliteStore.open(image, InstantSource.system())) {
            for (Acknowledgement one : acknowledged) {
                if (one.call().begun() > cut) continue;
                count++;
                assertTrue(
                        store.jobs().find(new JobId(one.job())).isPresent(),
                        one.job() + " was acknowledged and is not in " + image + (torn ? ", torn" : "") + ", seed "
                                + SEED);
            }
        }
        return count;
    }

    /** A file as it grows. */
    private static final class Content {
        private byte[] bytes = new byte[0];
        private int length;

        interface Choice {
            boolean reached(int sector);
        }

        void replay(Call call, Choice choice) {
            if (call.truncation() && choice.reached(0)) resize((int) call.number());
            if (!call.write()) return;
            int offset = (int) call.number();
            resize(Math.max(length, offset + call.bytes().length));
            for (int from = 0; from < call.bytes().length; from += SECTOR_BYTES) {
                int size = Math.min(SECTOR_BYTES, call.bytes().length - from);
                if (choice.reached(from / SECTOR_BYTES))
                    System.arraycopy(call.bytes(), from, bytes, offset + from, size);
            }
        }

        private void resize(int to) {
            if (to > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(to, 2 * bytes.length));
            if (to < length) Arrays.fill(bytes, to, length, (byte) 0);
            length = to;
        }

        byte[] bytes() {
            return Arrays.copyOf(bytes, length);
        }
    }

    private static void say(String line) {
        System.out.println("durability: " + line);
    }
}
