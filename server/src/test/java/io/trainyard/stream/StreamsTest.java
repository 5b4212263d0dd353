package io.trainyard.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.javalin.Javalin;
import io.trainyard.http.EventStream;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.SomeJob;
import io.trainyard.store.Jobs;
import io.trainyard.store.Logs;
import io.trainyard.store.MemoryStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Followers of a real server, while somebody else appends. */
@Timeout(60)
class StreamsTest {
    private static final int EVENTS = 400;
    private final MemoryStore store = new MemoryStore(() -> SomeJob.NOON);
    private final Streams streams = new Streams(store, () -> SomeJob.NOON);
    private final HttpClient client = HttpClient.newHttpClient();
    private final Job job = SomeJob.PLAIN.queued();
    private Javalin server;

    /** @param id as in {@code Last-Event-ID} */
    private record Message(String id, String event, String data) {}

    @BeforeEach
    void start() {
        create(job);
        server = Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    config.concurrency.useVirtualThreads = true;
                    config.routes.get(
                            "/events/{job}",
                            context -> streams.events(
                                    new JobId(context.pathParam("job")),
                                    Long.parseLong(Optional.ofNullable(context.header("Last-Event-ID"))
                                            .orElse("0")),
                                    EventStream.open(context),
                                    Event::message));
                    config.routes.get(
                            "/logs/{job}",
                            context -> streams.logs(
                                    new JobId(context.pathParam("job")),
                                    1,
                                    EventStream.open(context),
                                    Logs.Line::text));
                    config.routes.get(
                            "/all",
                            context -> streams.all(
                                    EventStream.open(context),
                                    event -> event.kind().name()));
                })
                .start("127.0.0.1", 0);
    }

    private void create(Job wanted) {
        var submitted = Event.of(wanted, Event.Kind.SUBMITTED, "submitted", SomeJob.NOON);
        store.jobs().create(new Jobs.NewJob(wanted, submitted, Map.of(), new byte[0], Optional.empty()));
    }

    @AfterEach
    void stop() {
        streams.close();
        server.stop();
        client.close();
    }

    @Test
    void who_resumes_again_and_again_gets_every_event_once_and_is_let_go_at_the_end() throws Exception {
        Thread appending = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < EVENTS; i++)
                store.events().append(Event.of(job, Event.Kind.WARNING, "event " + i, SomeJob.NOON));
            end(job);
        });
        var got = new ArrayList<Message>();
        for (int most = 1; !ended(got); most += 7)
            got.addAll(read(
                    "/events/" + job.id(), got.isEmpty() ? "0" : got.getLast().id(), most));
        appending.join();
        assertEquals(
                LongStream.rangeClosed(1, EVENTS + 2).mapToObj(Long::toString).toList(),
                got.stream().map(Message::id).toList());
        assertEquals("succeeded", got.getLast().event());
    }

    private static boolean ended(List<Message> got) {
        return !got.isEmpty() && got.getLast().event().equals("succeeded");
    }

    @Test
    void who_resumes_behind_the_last_event_is_let_go_at_once() throws Exception {
        end(job);
        assertEquals(List.of(), read("/events/" + job.id(), "2", 10));
    }

    @Test
    void who_follows_a_job_that_is_deleted_is_let_go() throws Exception {
        end(job);
        store.jobs().remove(job.id());
        assertEquals(List.of(), read("/events/" + job.id(), "0", 10));
    }

    @Test
    void logs_end_after_the_last_line_and_not_before() throws Exception {
        Thread appending = Thread.ofVirtual().start(() -> {
            for (int i = 1; i <= EVENTS; i++)
                store.logs()
                        .append(
                                new Logs.Source(job.id(), 1, 0, "stdout"),
                                List.of(new Logs.NewLine(SomeJob.NOON, "line " + i)),
                                i);
            end(job);
        });
        var got = read("/logs/" + job.id(), "0", Integer.MAX_VALUE);
        appending.join();
        assertEquals(
                LongStream.rangeClosed(1, EVENTS).mapToObj(i -> "line " + i).toList(),
                got.subList(0, got.size() - 1).stream().map(Message::data).toList());
        assertEquals(new Message(Integer.toString(EVENTS), "end", "{}"), got.getLast());
    }

    @Test
    void the_feed_of_all_jobs_tells_each_event_once() throws Exception {
        var jobs = LongStream.range(0, 20).mapToObj(_ -> SomeJob.PLAIN.queued()).toList();
        var answer = open("/all", "0");
        try (var lines = reader(answer)) {
            assertEquals(": still here", lines.readLine());
            for (Job each : jobs) create(each);
            for (Job each : jobs) end(each);
            var last = SomeJob.PLAIN.queued();
            create(last);
            var ids = new ArrayList<String>();
            while (ids.isEmpty() || !ids.getLast().startsWith(last.id().value()))
                message(lines).ifPresent(message -> ids.add(message.id()));
            assertEquals(ids.stream().distinct().toList(), ids);
            for (Job each : jobs) assertTrue(ids.contains(each.id() + "/1") && ids.contains(each.id() + "/2"));
        }
    }

    private void end(Job ending) {
        var done = store.jobs()
                .find(ending.id())
                .orElseThrow()
                .withState(new JobState.Done(new Outcome.Succeeded(), SomeJob.NOON), SomeJob.NOON);
        assertTrue(store.jobs().transition(done, Event.of(done, Event.Kind.SUCCEEDED, "succeeded", SomeJob.NOON)));
    }

    /** So many messages at most, then the connection is dropped; fewer when the server ends first. */
    private List<Message> read(String path, String lastEventId, int most) throws IOException, InterruptedException {
        var got = new ArrayList<Message>();
        try (var lines = reader(open(path, lastEventId))) {
            while (got.size() < most) {
                Optional<Message> next = message(lines);
                if (next.isEmpty()) break;
                got.add(next.get());
            }
        }
        return got;
    }

    private static BufferedReader reader(HttpResponse<java.io.InputStream> answer) {
        return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
    }

    private HttpResponse<java.io.InputStream> open(String path, String lastEventId)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .header("Last-Event-ID", lastEventId)
                .timeout(Duration.ofSeconds(30))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    }

    /** The next message; comments are passed over, and nothing is left at the end. */
    private static Optional<Message> message(BufferedReader lines) throws IOException {
        String id = "";
        String event = "";
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith("id: ")) id = line.substring(4);
            if (line.startsWith("event: ")) event = line.substring(7);
            if (line.startsWith("data: ")) return Optional.of(new Message(id, event, line.substring(6)));
        }
        return Optional.empty();
    }
}
