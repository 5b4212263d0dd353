package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.OTHER;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that ask for something: cancel, pause, resume, retry, delete. */
class ActTest {
    private final FakeServer server = new FakeServer();

    @AfterEach
    void close() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cancel", "pause", "resume", "retry"})
    void each_verb_is_one_request_and_shows_the_job(String verb) {
        server.answer("POST " + PATH + "/" + verb, Examples.job("stopping"));
        var seen = Typed.at(server).run(verb, ID);
        assertEquals(0, seen.code(), seen.err());
        assertTrue(seen.out().startsWith(ID + "  tiny  stopping"), seen.out());
    }

    @Test
    void a_prefix_is_looked_up_first() {
        server.answer("GET /api/v1/jobs/019ab", Examples.job("running"))
                .answer("POST " + PATH + "/pause", Examples.job("stopping"));
        assertEquals(0, Typed.at(server).run("pause", "019ab").code());
    }

    @Test
    void a_state_that_forbids_it_is_said() {
        server.problem("POST " + PATH + "/resume", 409, "the job is running, only a paused one can be resumed", "[]");
        var seen = Typed.at(server).run("resume", ID);
        assertEquals(2, seen.code());
        assertEquals("The job is running, only a paused one can be resumed.\n", seen.err());
    }

    @Test
    void cancel_can_wait_until_all_are_cancelled() {
        String other = "/api/v1/jobs/" + OTHER;
        server.answer("POST " + PATH + "/cancel", Examples.job("stopping"))
                .answer("POST " + other + "/cancel", Examples.job(OTHER, "b", "cancelled", "null"))
                .answer("GET " + PATH, Examples.job("stopping"))
                .answer("GET " + PATH, Examples.job("cancelled"));
        var seen = Typed.at(server).run("cancel", ID, OTHER, "--wait");
        assertEquals(0, seen.code());
        assertEquals(2, seen.out().lines().count(), seen.out());
        assertTrue(server.requests("GET " + PATH).size() >= 2);
    }

    @Test
    void a_job_that_was_faster_than_its_cancellation_is_told_by_the_exit_code() {
        server.answer("POST " + PATH + "/cancel", Examples.job("stopping"))
                .answer("GET " + PATH, Examples.job("succeeded"));
        assertEquals(1, Typed.at(server).run("cancel", ID, "--wait").code());
    }

    @Test
    void delete_tells_at_once_from_later() {
        server.answer("DELETE " + PATH, 204, "").answer("DELETE " + PATH, 202, "");
        assertEquals(ID + "  deleted\n", Typed.at(server).run("delete", ID).out());
        assertEquals(
                ID + "  is being cancelled and then deleted\n",
                Typed.at(server).run("delete", ID).out());
        assertEquals(
                "{\"id\":\"" + ID + "\",\"deleted\":false}\n",
                Typed.at(server).run("delete", ID, "--json").out());
    }
}
