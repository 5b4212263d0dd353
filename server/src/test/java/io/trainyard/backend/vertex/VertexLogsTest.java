package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.LogSource.Part;
import io.trainyard.backend.LogSource.Stream;
import io.trainyard.job.Attempt;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** Every entry once, in files that have positions. */
class VertexLogsTest {
    private static final Part FIRST = new Part(0, Stream.STDOUT);

    @TempDir
    Path folder;

    private VertexWorld world;
    private VertexBackend backend;
    private final Attempt attempt = VertexWorld.attempt();
    private ObjectNode job;
    private Optional<Handle> handle = Optional.empty();

    @BeforeEach
    void open() {
        world = new VertexWorld(folder);
        backend = world.settled();
        handle = Optional.of(assertInstanceOf(Launched.Accepted.class, backend.launch(VertexWorld.launch(attempt)))
                .handle());
        job = world.service.only();
        world.service.state(job, "JOB_STATE_RUNNING");
    }

    @AfterEach
    void close() {
        if (world != null) world.close();
    }

    private LogSource source() {
        return backend.logs(attempt, handle);
    }

    private String text(Part part) {
        world.pass(Tail.EVERY);
        var source = source();
        source.parts();
        return new String(source.read(part, 0, 1 << 20).bytes(), StandardCharsets.UTF_8);
    }

    private Instant ago(int seconds) {
        return world.now().minusSeconds(seconds);
    }

    @Test
    void entries_become_lines_in_order_page_by_page() {
        world.service.pagesOf(7);
        for (int i = 0; i < 40; i++) world.service.print(job, "workerpool0-0", ago(100 - i), "line " + i + " é");
        String wanted =
                IntStream.range(0, 40).mapToObj(i -> "line " + i + " é\n").collect(Collectors.joining());
        assertEquals(wanted, text(FIRST));
        assertEquals(wanted, text(FIRST));
    }

    @Test
    void what_comes_in_late_is_put_behind_what_was_read_and_nothing_comes_twice() {
        world.service.print(job, "workerpool0-0", ago(10), "b");
        assertEquals("b\n", text(FIRST));
        world.service.print(job, "workerpool0-0", ago(30), "a, late");
        world.service.print(job, "workerpool0-0", ago(1), "c");
        assertEquals("b\na, late\nc\n", text(FIRST));
        assertEquals("b\na, late\nc\n", text(FIRST));
    }

    @Test
    void equal_lines_at_one_moment_are_as_many_as_were_printed() {
        Instant moment = ago(10);
        for (int i = 0; i < 3; i++) world.service.print(job, "workerpool0-0", moment, "same");
        assertEquals("same\nsame\nsame\n", text(FIRST));
    }

    @Test
    void a_new_server_goes_on_where_the_last_one_stopped() {
        world.service.print(job, "workerpool0-0", ago(10), "one");
        assertEquals("one\n", text(FIRST));
        backend = world.settled();
        world.service.print(job, "workerpool0-0", ago(1), "two");
        assertEquals("one\ntwo\n", text(FIRST));
    }

    @Test
    void a_crash_between_a_write_and_its_cursor_doubles_nothing() throws IOException {
        world.service.print(job, "workerpool0-0", ago(10), "one");
        assertEquals("one\n", text(FIRST));
        Files.writeString(spool().resolve("0.stdout"), "half a li", StandardOpenOption.APPEND);
        backend = world.settled();
        world.service.print(job, "workerpool0-0", ago(1), "two");
        assertEquals("one\ntwo\n", text(FIRST));
    }

    @Test
    void a_spool_that_lost_what_its_cursor_speaks_of_is_fetched_again() throws IOException {
        world.service.print(job, "workerpool0-0", ago(10), "one");
        assertEquals("one\n", text(FIRST));
        Files.writeString(spool().resolve("0.stdout"), "");
        backend = world.settled();
        assertEquals("one\n", text(FIRST));
        Files.writeString(spool().resolve("cursor.json"), "{");
        backend = world.settled();
        assertEquals("one\n", text(FIRST));
    }

    private Path spool() {
        return folder.resolve("vertex").resolve(attempt.job().value() + "-1");
    }

    @Test
    void nobody_else_may_read_what_is_not_masked_yet_and_it_goes_when_it_is_stored() throws IOException {
        world.service.print(job, "secret");
        text(FIRST);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(spool())));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(spool().resolve("0.stdout"))));
        source().release();
        assertFalse(Files.exists(spool()));
        source().parts();
        backend.keepOnly(List.of(attempt));
        assertTrue(Files.exists(spool()));
        backend.keepOnly(List.of());
        assertFalse(Files.exists(spool()));
    }

    @Test
    void each_process_has_a_rank_and_each_severity_its_stream() {
        world.service.print(job, "workerpool0-0", ago(9), "master");
        world.service.print(job, "workerpool1-0", ago(8), "first worker");
        world.service.print(job, "workerpool1-1", ago(7), "second worker").put("severity", "ERROR");
        world.service.print(job, "service", ago(6), "Job is running.");
        assertEquals("master\n", text(FIRST));
        assertEquals("first worker\n", text(new Part(1, Stream.STDOUT)));
        assertEquals("second worker\n", text(new Part(2, Stream.STDERR)));
        assertEquals("Job is running.\n", text(new Part(0, Stream.STDERR)));
        assertEquals(4, source().parts().size());
    }

    @Test
    void a_line_that_was_json_is_json_again_and_a_log_record_is_its_message() {
        var event = world.service.print(job, "workerpool0-0", ago(9), "");
        event.remove("textPayload");
        event.putObject("jsonPayload").put("event", "step").put("step", 3).put("message", "m");
        var record = world.service.print(job, "workerpool0-0", ago(8), "");
        record.remove("textPayload");
        record.putObject("jsonPayload").put("message", "hello\n").put("levelname", "INFO");
        assertEquals("{\"event\":\"step\",\"step\":3,\"message\":\"m\"}\nhello\n", text(FIRST));
    }

    @Test
    void many_readers_share_one_request_in_some_seconds() {
        for (int i = 0; i < 50; i++) source().parts();
        assertEquals(1, world.service.count("entries"));
        world.pass(Tail.EVERY.minusMillis(1));
        source().parts();
        assertEquals(1, world.service.count("entries"));
        world.pass(Duration.ofMillis(1));
        source().parts();
        assertEquals(2, world.service.count("entries"));
    }

    @Test
    void the_end_waits_for_entries_that_cannot_be_read_now() {
        world.service.print(job, "last");
        ended();
        world.service.next("entries", new Fault.Refuse(503, "UNAVAILABLE", "later"));
        assertThrows(Unreachable.class, () -> source().parts());
        assertEquals("last\n", text(FIRST));
    }

    private void ended() {
        world.service.state(job, "JOB_STATE_SUCCEEDED");
        world.pass(VertexWorld.SETTLE.plusSeconds(1));
        assertInstanceOf(Observation.Ended.class, backend.observe(attempt, handle));
    }

    @Test
    void the_end_is_read_to_its_last_line_even_if_a_look_was_just_made() {
        source().parts();
        world.service.state(job, "JOB_STATE_SUCCEEDED");
        world.pass(VertexWorld.SETTLE.plusSeconds(1));
        source().parts();
        world.service.print(job, "last");
        world.pass(Duration.ofMillis(1));
        assertInstanceOf(Observation.Ended.class, backend.observe(attempt, handle));
        source().parts();
        assertEquals("last\n", new String(source().read(FIRST, 0, 99).bytes(), StandardCharsets.UTF_8));
    }

    @Test
    void output_that_nobody_may_read_holds_up_no_end_and_says_why() {
        ended();
        world.service.next("entries", new Fault.Refuse(403, "PERMISSION_DENIED", "logging.logEntries.list"));
        String said = text(new Part(0, Stream.STDERR));
        assertTrue(said.contains("PERMISSION_DENIED logging.logEntries.list"), said);
    }

    @Test
    void an_end_is_not_held_up_for_ever() {
        ended();
        for (int i = 0; i < 500; i++) world.service.next("entries", new Fault.Refuse(503, "UNAVAILABLE", "later"));
        assertThrows(Unreachable.class, () -> source().parts());
        world.pass(Tail.GIVE_UP_AFTER);
        assertTrue(text(new Part(0, Stream.STDERR)).contains("10 minutes"));
    }
}
