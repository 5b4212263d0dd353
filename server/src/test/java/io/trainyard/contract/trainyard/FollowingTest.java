package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Events, logs and metrics, at rest and as streams; a process of this machine prints what is followed. */
class FollowingTest {
    private static final String JOBS = "/api/v1/jobs/";
    private static LiveServer server;
    /** A finished job that printed line 1 to line 40, three of them steps. */
    private static String job = "";

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
        job = server.job(command("for i in $(seq 1 40); do echo line $i; done;"
                + " echo '{\\\"event\\\":\\\"step\\\",\\\"step\\\":1,\\\"loss\\\":2.5}';"
                + " echo '{\\\"event\\\":\\\"step\\\",\\\"step\\\":2,\\\"loss\\\":1e999,\\\"other\\\":1"
                + "0".repeat(400) + "}';"
                + " echo '{\\\"event\\\":\\\"step\\\",\\\"step\\\":3,\\\"loss\\\":1.5}'"));
        server.await(job, "succeeded");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String command(String shell) {
        return "{\"name\":\"prints\",\"framework\":\"custom\",\"placement\":{\"backends\":[\"local\"]},"
                + "\"container\":{\"command\":[\"sh\",\"-c\",\"" + shell + "\"]}}";
    }

    private static JsonNode logs(String query) {
        var reply = server.get(JOBS + job + "/logs" + query);
        assertEquals(200, reply.status(), reply.text());
        return reply.json();
    }

    private static List<String> texts(JsonNode lines) {
        return lines.get("lines")
                .valueStream()
                .map(line -> line.get("text").stringValue())
                .toList();
    }

    @Test
    void lines_are_read_from_a_number_on() {
        assertEquals(List.of("line 1", "line 2", "line 3"), texts(logs("?limit=3")));
        assertEquals(4, logs("?limit=3").get("next").intValue());
        assertEquals(List.of("line 4", "line 5"), texts(logs("?from=4&limit=2")));
        assertEquals(43, logs("").get("lines").size());
        assertEquals(44, logs("").get("next").intValue());
        assertEquals(List.of(), texts(logs("?from=44")));
        assertEquals(
                9007199254740991L, logs("?from=9007199254740991").get("next").longValue());
    }

    @Test
    void the_last_lines_are_read_by_tail() {
        assertEquals(List.of("line 39", "line 40"), texts(logs("?tail=5")).subList(0, 2));
        assertEquals(0, logs("?tail=0").get("lines").size());
        assertEquals(43, logs("?tail=1000").get("lines").size());
    }

    @Test
    void odd_numbers_are_refused_by_name() {
        for (String query : List.of(
                "logs?from=0",
                "logs?from=-1",
                "logs?from=x",
                "logs?from=9223372036854775807",
                "logs?limit=10001",
                "logs?tail=-1",
                "logs?tail=1&from=1",
                "events?after=-1",
                "events?limit=0",
                "metrics?from_step=1.5")) {
            var reply = server.get(JOBS + job + "/" + query);
            assertEquals(422, reply.status(), query);
        }
        var request = server.request("GET", JOBS + job + "/logs", "", "Last-Event-ID", "9223372036854775807");
        assertEquals(
                422, server.send(request.header("Accept", "text/event-stream")).status());
    }

    @Test
    void a_followed_log_ends_when_the_job_has_ended() throws IOException {
        var events = read(JOBS + job + "/logs", _ -> false);
        assertEquals(44, events.size());
        assertEquals("line", events.getFirst().get("event").stringValue());
        assertEquals("line 1", events.getFirst().at("/data/text").stringValue());
        assertEquals("end", events.getLast().get("event").stringValue());
        assertEquals("43", events.getLast().get("id").stringValue());
    }

    @Test
    void a_follower_that_lost_its_connection_goes_on_behind_the_last_line_it_saw() throws IOException {
        var events = read(JOBS + job + "/logs?from=1", _ -> false, "Last-Event-ID", "40");
        assertEquals("41", events.getFirst().get("id").stringValue());
        assertEquals(4, events.size());
        var tail = read(JOBS + job + "/logs?tail=2", _ -> false);
        assertEquals(
                List.of("42", "43", "43"),
                tail.stream().map(e -> e.get("id").stringValue()).toList());
    }

    @Test
    void lines_come_while_the_job_still_prints() throws IOException {
        String id = server.job(command("echo first; until [ -e go ]; do sleep 0.05; done; echo last"));
        var events = read(JOBS + id + "/logs", event -> {
            boolean first = event.at("/data/text").asString("").equals("first");
            if (first)
                assertEquals("running", server.await(id, "running").get("state").stringValue());
            return first;
        });
        assertEquals(1, events.size());
        assertEquals(200, server.post(JOBS + id + "/cancel", "").status());
        var rest = read(JOBS + id + "/events", _ -> false, "Last-Event-ID", "1");
        assertEquals("cancelled", rest.getLast().get("event").stringValue());
    }

    @Test
    void events_count_without_gaps_and_end_with_the_terminal_one() throws IOException {
        JsonNode all = server.get(JOBS + job + "/events").json().get("events");
        for (int i = 0; i < all.size(); i++)
            assertEquals(i + 1, all.get(i).get("sequence").intValue());
        assertEquals("submitted", all.get(0).get("kind").stringValue());
        assertEquals("succeeded", all.get(all.size() - 1).get("kind").stringValue());
        JsonNode some =
                server.get(JOBS + job + "/events?after=1&limit=2").json().get("events");
        assertEquals(
                List.of(2, 3),
                some.valueStream().map(e -> e.get("sequence").intValue()).toList());
        var followed = read(JOBS + job + "/events", _ -> false);
        assertEquals(
                all.valueStream().toList(),
                followed.stream().map(e -> e.get("data")).toList());
        assertEquals(
                "2",
                read(JOBS + job + "/events", _ -> false, "Last-Event-ID", "1")
                        .getFirst()
                        .get("id")
                        .stringValue());
    }

    @Test
    void the_feed_of_all_jobs_tells_what_happens_from_now_on() throws IOException {
        assertEquals(406, server.get("/api/v1/events").status());
        try (var stream = server.stream("/api/v1/events");
                var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            assertEquals(": still here", reader.readLine());
            String id = server.job("{\"name\":\"feed\",\"model\":{\"name\":\"none\"}}");
            var kinds = new ArrayList<String>();
            while (!kinds.contains("succeeded")) {
                JsonNode event = next(reader);
                if (event.at("/data/job_id").asString("").equals(id))
                    kinds.add(event.get("event").stringValue());
            }
            assertEquals("submitted", kinds.getFirst());
        }
    }

    @Test
    void metrics_hold_every_finite_point_from_a_step_on() {
        JsonNode series = server.get(JOBS + job + "/metrics").json().get("series");
        assertEquals(1, series.size());
        assertEquals("loss", series.get(0).get("name").stringValue());
        assertEquals(
                List.of(2.5, 1.5),
                series.get(0)
                        .get("points")
                        .valueStream()
                        .map(p -> p.get("value").doubleValue())
                        .toList());
        var later =
                server.get(JOBS + job + "/metrics?name=loss&from_step=2").json().get("series");
        assertEquals(3, later.get(0).at("/points/0/step").intValue());
        assertEquals(
                0,
                server.get(JOBS + job + "/metrics?name=none")
                        .json()
                        .at("/series/0/points")
                        .size());
        assertEquals(3, server.get(JOBS + job).json().at("/progress/step").intValue());
    }

    /** Reads events until one is the last wanted, or until the server ends the stream. */
    private static List<JsonNode> read(String path, Predicate<JsonNode> last, String... headers) throws IOException {
        var events = new ArrayList<JsonNode>();
        try (var reader =
                new BufferedReader(new InputStreamReader(server.stream(path, headers), StandardCharsets.UTF_8))) {
            while (true) {
                JsonNode event = next(reader);
                if (event.isEmpty()) return events;
                events.add(event);
                if (last.test(event)) return events;
            }
        }
    }

    private static JsonNode next(BufferedReader reader) throws IOException {
        var event = LiveServer.JSON.createObjectNode();
        String line;
        while ((line = reader.readLine()) != null) {
            if (line.isEmpty() && !event.isEmpty()) return event;
            if (line.startsWith("data: ")) event.set("data", LiveServer.JSON.readTree(line.substring(6)));
            else if (!line.isEmpty() && !line.startsWith(":"))
                event.put(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 2));
        }
        assertTrue(event.isEmpty(), "the stream broke off");
        return event;
    }
}
